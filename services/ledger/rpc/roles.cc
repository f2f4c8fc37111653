#include "services/ledger/rpc/roles.h"

#include <utility>

namespace joulebook::ledger {
namespace {

constexpr std::pair<std::string_view, Role> kRoles[] = {
    {"ListAssets", Role::kReader},
    {"RegisterMember", Role::kIssuer},
    {"GetMember", Role::kReader},
    {"ListMembers", Role::kReader},
    {"RecordReputationChange", Role::kAdmin},
    {"ListReputationChanges", Role::kReader},
    {"CreateAccount", Role::kWriter},
    {"GetAccount", Role::kReader},
    {"ListAccounts", Role::kReader},
    {"SetAccountState", Role::kIssuer},
    {"GetBalances", Role::kReader},
    {"PostTransfers", Role::kWriter},
    {"StreamTransfers", Role::kWriter},
    {"GetTransfer", Role::kReader},
    {"ListTransfers", Role::kReader},
    {"ListStatementLines", Role::kReader},
    {"GetHold", Role::kReader},
    {"WatchTransfers", Role::kReader},
    {"GetCheckpoint", Role::kReader},
    {"GetTransferProof", Role::kReader},
    {"GetConsistencyProof", Role::kReader},
    {"ListLogRecords", Role::kReader},
    {"CheckBooks", Role::kAdmin},
};

}  // namespace

Role RoleOf(std::string_view method) {
  for (const auto& [name, role] : kRoles) {
    if (name == method) return role;
  }
  return Role::kAdmin;
}

}  // namespace joulebook::ledger
