#include "services/costing/rpc/roles.h"

#include <utility>

namespace joulebook::costing {
namespace {

constexpr std::pair<std::string_view, Role> kRoles[] = {
    {"PublishTariff", Role::kAdmin},
    {"GetTariff", Role::kReader},
    {"ListTariffs", Role::kReader},
    {"DiffTariffs", Role::kReader},
    {"Quote", Role::kWriter},
    {"BatchQuote", Role::kWriter},
    {"StreamQuotes", Role::kWriter},
    {"SettleQuote", Role::kWriter},
    {"Authorize", Role::kWriter},
    {"CheckCost", Role::kReader},
    {"OpenSession", Role::kWriter},
    {"UpdateSession", Role::kWriter},
    {"CloseSession", Role::kWriter},
    {"GetChallenge", Role::kReader},
    {"VerifyProof", Role::kWriter},
    {"GetUtility", Role::kReader},
    {"ReportDemand", Role::kAdmin},
    {"ListCongestion", Role::kReader},
    {"SplitRevenue", Role::kReader},
    {"RecordEarning", Role::kWriter},
    {"SetEarningState", Role::kAdmin},
    {"ListEarnings", Role::kReader},
    {"GetProviderStatement", Role::kReader},
    {"GrantEntitlement", Role::kAdmin},
    {"RevokeEntitlement", Role::kAdmin},
    {"ListEntitlements", Role::kReader},
    {"Rerate", Role::kReader},
};

}  // namespace

Role RoleOf(std::string_view method) {
  for (const auto& [name, role] : kRoles) {
    if (name == method) return role;
  }
  return Role::kAdmin;
}

}  // namespace joulebook::costing
