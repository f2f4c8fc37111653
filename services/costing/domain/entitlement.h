// Entitlements: the discounts and tariffs that members are granted beside the network's own prices.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "services/costing/domain/publish.h"

namespace joulebook::costing {

struct Entitlement {
  enum class Kind { kDiscount = 1, kTariff = 2 };

  Uuid id;
  Uuid member;
  Kind kind = Kind::kDiscount;
  std::string name;  // of the discount or the tariff
  Time start;
  std::optional<Time> end;  // exclusive; without one it does not end
  bool is_revoked = false;

  bool operator==(const Entitlement&) const = default;
};

inline constexpr std::string_view NameOf(Entitlement::Kind kind) {
  return kind == Entitlement::Kind::kDiscount ? "discount" : "tariff";
}

// A grant, or its revocation.
struct EntitlementRecord {
  int64_t number = 0;  // in the order of commits
  Entitlement entitlement;
  Time recorded;
  Uuid mark;  // by the store, random
};

// The grant's record, beside the records of its id so far, oldest first: found again, or new (its
// number is left to the store). Errors: ID_EXISTS_WITH_DIFFERENT_CONTENT.
absl::StatusOr<Recorded<EntitlementRecord>> DecideGrant(const Entitlement& asked,
                                                        std::span<const EntitlementRecord> of_id,
                                                        Time now);

// The revocation's record, likewise: the entitlement ends now, or where it ended already. Errors:
// ENTITLEMENT_NOT_FOUND.
absl::StatusOr<Recorded<EntitlementRecord>> DecideRevocation(
    const Uuid& id, std::span<const EntitlementRecord> of_id, Time now);

// Up to when one of a member's entitlements gives the discount or tariff that is in use at `at`;
// the greatest time where it does not end; nothing where there is none.
std::optional<Time> EntitledUntil(std::span<const Entitlement> of_member, Entitlement::Kind kind,
                                  std::string_view name, Time at);

// The discounts on a tariff's price for a member at a time.
struct EntitledDiscounts {
  std::vector<std::string> names;  // in their order
  Time until = Time::max();        // when the first of them ends
};
EntitledDiscounts DiscountsOf(std::span<const Entitlement> of_member, const Tariff& tariff,
                              Time at);

}  // namespace joulebook::costing
