// The price of a use under a tariff, step by step.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/costing/domain/tariff.h"

namespace joulebook::costing {

struct Usage {
  int32_t operation = 0;  // number of joulebook.type.v1.OperationType
  int64_t count = 1;      // operations, all alike; 1 to the tariff's largest batch
  int64_t size_bytes = 0;
  int64_t duration_s = 0;
  int32_t copies = 1;  // 1 to the tariff's most
  Durability durability = Durability::kWarm;
  int64_t nodes = 0;  // asked, announced to, or recipients
  int64_t results = 0;
  int64_t timeout_ms = 0;
  int64_t latency_ms = 0;
  int64_t concurrent_searches = 0;     // the member's, this one included
  int64_t congestion_ppm = 1'000'000;  // of the operation's class at this time
  Priority priority = Priority::kNormal;
  Complexity complexity = Complexity::kSimple;
  int32_t reputation_ppm = 500'000;    // of the member who pays
  int32_t reliability_ppm = 0;         // of the node that announces
  std::optional<int32_t> utility_ppm;  // of the content stored; without, as quotes of before may
                                       // be, the price is not scaled
  std::vector<std::string> discounts;  // names in the tariff, each at most once
  Time at;                             // which side of a time window the use is on

  bool operator==(const Usage&) const = default;
  template <typename H>
  friend H AbslHashValue(H state, const Usage& u) {
    return H::combine(std::move(state), u.operation, u.count, u.size_bytes, u.duration_s, u.copies,
                      u.durability, u.nodes, u.results, u.timeout_ms, u.latency_ms,
                      u.concurrent_searches, u.congestion_ppm, u.priority, u.complexity,
                      u.reputation_ppm, u.reliability_ppm, u.utility_ppm.value_or(-1), u.discounts,
                      u.at.time_since_epoch().count());
  }
};

// One line of the bill. `joules` is the running amount of its part after it.
struct Step {
  enum class Kind {
    kTerm,    // joules grow by quantity x rate x factor
    kFactor,  // joules are multiplied by factor
    kTopUp,   // joules are rounded, and grow by what the parts miss of the minimum charge
  };
  Kind kind = Kind::kTerm;
  Part part = Part::kComputation;
  std::string name;   // of the rate, multiplier or discount
  Rational quantity;  // of a term
  Rational amount;    // of a term: what the quantity costs by the rate's tiers
  Rational factor = 1;
  Rational joules;

  bool operator==(const Step&) const = default;
};

struct Bill {
  std::vector<Step> steps;
  std::array<int64_t, kParts> parts{};    // micro-joules, each rounded once
  std::array<Rational, kParts> residues;  // exact micro-joules less the rounded ones
  int64_t total = 0;                      // the sum of the parts
};

// Only what Bill rounds: without the steps and residues, and faster.
struct PriceTotals {
  std::array<int64_t, kParts> parts{};
  int64_t total = 0;

  bool operator==(const PriceTotals&) const = default;
};

// Errors: FIELD_INVALID for what the tariff does not allow.
absl::Status CheckUsage(const Tariff& tariff, const Usage& usage);

// In this order: the terms of the operation, the factors of storage (utility) and of computation,
// storage and network alike (priority, complexity, time window, congestion), the batch, its
// discount and the others, the proof of work, which nothing scales but the count, the rounding,
// and the minimum charge. More use never costs less, but for volume tiers.
// Errors: FIELD_INVALID, OPERATION_NOT_PRICED, PRICE_OUT_OF_RANGE.
absl::StatusOr<Bill> Price(const Tariff& tariff, const Usage& usage);
absl::StatusOr<PriceTotals> PriceWithoutSteps(const Tariff& tariff, const Usage& usage);

// The price of `quantity` units by the rate's tiers, in joules.
Rational TieredPrice(const Rate& rate, const Rational& quantity);

}  // namespace joulebook::costing
