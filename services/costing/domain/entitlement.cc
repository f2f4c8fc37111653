#include "services/costing/domain/entitlement.h"

#include <algorithm>

#include "services/costing/domain/errors.h"

namespace joulebook::costing {
namespace {

// The first field in which two grants differ; empty if there is none.
std::string_view Difference(const Entitlement& a, const Entitlement& b) {
  if (a.member != b.member) return "member_id";
  if (a.kind != b.kind || a.name != b.name) return NameOf(a.kind);
  if (a.start != b.start) return "start_time";
  if (a.end != b.end) return "end_time";
  return "";
}

bool Holds(const Entitlement& entitlement, Time at) {
  return entitlement.start <= at && (!entitlement.end.has_value() || at < *entitlement.end);
}

}  // namespace

absl::StatusOr<Recorded<EntitlementRecord>> DecideGrant(const Entitlement& asked,
                                                        std::span<const EntitlementRecord> of_id,
                                                        Time now) {
  using Decision = Recorded<EntitlementRecord>;
  if (of_id.empty()) {
    return Decision{.value = {.entitlement = asked, .recorded = now}, .is_new = true};
  }
  const std::string_view field = Difference(asked, of_id.front().entitlement);
  if (!field.empty()) return DifferentContent(asked.id.ToString(), field);
  return Decision{of_id.front(), false};
}

absl::StatusOr<Recorded<EntitlementRecord>> DecideRevocation(
    const Uuid& id, std::span<const EntitlementRecord> of_id, Time now) {
  if (of_id.empty()) return EntitlementNotFound(id.ToString());
  Recorded<EntitlementRecord> decision{of_id.back(), false};
  Entitlement& entitlement = decision.value.entitlement;
  if (entitlement.is_revoked) return decision;
  const Time end = std::max(entitlement.start, now);
  entitlement.end = std::min(entitlement.end.value_or(end), end);
  entitlement.is_revoked = true;
  decision.value.recorded = now;
  decision.is_new = true;
  return decision;
}

std::optional<Time> EntitledUntil(std::span<const Entitlement> of_member, Entitlement::Kind kind,
                                  std::string_view name, Time at) {
  std::optional<Time> until;
  for (const Entitlement& entitlement : of_member) {
    if (entitlement.kind != kind || entitlement.name != name || !Holds(entitlement, at)) continue;
    until = std::max(until.value_or(at), entitlement.end.value_or(Time::max()));
  }
  return until;
}

EntitledDiscounts DiscountsOf(std::span<const Entitlement> of_member, const Tariff& tariff,
                              Time at) {
  EntitledDiscounts discounts;
  if (of_member.empty()) return discounts;
  for (const auto& [name, share] : tariff.discounts) {
    const auto until = EntitledUntil(of_member, Entitlement::Kind::kDiscount, name, at);
    if (!until.has_value()) continue;
    discounts.names.push_back(name);
    discounts.until = std::min(discounts.until, *until);
  }
  return discounts;
}

}  // namespace joulebook::costing
