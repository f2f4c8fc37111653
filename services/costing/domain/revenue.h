// Who gets what of a charge (SPEC 8.2 of the storage economy, as one pot: ADR 0010), and what
// providers earn beside it (S1's model).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/ids/uuid.h"
#include "services/costing/domain/recorded.h"
#include "services/costing/domain/tariff.h"

namespace joulebook::costing {

// Micro-joules; all of it sums to the amount that was split.
struct RevenueSplit {
  int64_t creator = 0;
  std::vector<int64_t> storage;  // in the order of the weights
  std::vector<int64_t> network;  // in the order of the weights
  int64_t fund = 0;
};

// By largest remainder, ties to the first: the amount among the four recipients in their order,
// then the providers' shares by their weights. A share that nobody has a weight for goes to the
// fund. Errors: FIELD_INVALID.
absl::StatusOr<RevenueSplit> SplitRevenue(const Tariff& tariff, int64_t amount,
                                          std::span<const int64_t> storage_weights,
                                          std::span<const int64_t> network_weights);

enum class EarningState { kPending = 1, kConfirmed = 2, kPaid = 3, kRejected = 4 };

// The work that a provider claims to have done.
struct EarningClaim {
  Uuid id;
  Uuid provider;
  EarningSource source = EarningSource::kStorage;
  Uuid resource;      // what it was done with; nil for all that the provider has
  int64_t units = 0;  // byte-seconds, operations, or seconds at a location
  int64_t first_factor_ppm = 0;
  int64_t second_factor_ppm = 0;
  Time start;
  Time end;

  bool operator==(const EarningClaim&) const = default;
};

struct Earning {
  EarningClaim claim;
  int64_t amount = 0;  // micro-joules
  std::string tariff_hash;
  EarningState state = EarningState::kPending;
  int64_t number = 0;  // place in the order of claims

  bool operator==(const Earning&) const = default;
};

// Checks a claim by itself: its period has begun and has ended by `now`, and its units are not
// negative. Errors: FIELD_INVALID.
absl::Status CheckClaim(const EarningClaim& claim, Time now);

// base x units x both factors, rounded as the tariff says. The units are of a gigabyte-day, an
// operation, and a day. Errors: FIELD_INVALID for factors above the tariff's limit and for more
// units than the period can hold (docs/reference/earnings.md), PRICE_OUT_OF_RANGE.
absl::StatusOr<int64_t> EarningAmount(const Tariff& tariff, const EarningClaim& claim);

// The earning beside the one that has its id and one that overlaps it: found again, or new. Errors:
// ID_EXISTS_WITH_DIFFERENT_CONTENT, EARNING_OVERLAPS.
absl::StatusOr<Recorded<Earning>> DecideEarning(const Earning& earning,
                                                const std::optional<Earning>& same_id,
                                                const std::optional<Earning>& overlapping);

// Whether an earning may go from one state to the other; staying where it is may always be.
bool MayBecome(EarningState from, EarningState to);

// The sum of a provider's earnings of one source and state, micro-joules.
struct EarningSum {
  EarningSource source = EarningSource::kStorage;
  EarningState state = EarningState::kPending;
  int64_t amount = 0;
};

// The sums of a provider's statement, micro-joules.
struct EarningSums {
  std::array<int64_t, kEarningSources> earned{};  // confirmed or paid
  int64_t pending = 0;
};
// All earnings and the revenue, less the costs. Errors: OUT_OF_RANGE.
absl::StatusOr<int64_t> NetOf(const EarningSums& sums, int64_t revenue, int64_t costs);
// Errors: PRICE_OUT_OF_RANGE.
absl::StatusOr<EarningSums> SumEarnings(std::span<const EarningSum> earnings);

}  // namespace joulebook::costing
