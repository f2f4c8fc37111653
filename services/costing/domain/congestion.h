// How the price of a class of operations follows demand, in the manner of EIP-1559: bounded steps
// around a target, never below cost, known one period ahead, and replayable from the reports.
#pragma once

#include <cstdint>

#include "services/costing/domain/tariff.h"

namespace joulebook::costing {

// The report of one class and period, and the factor that follows.
struct CongestionPeriod {
  std::string tariff_name;
  std::string class_name;
  int64_t period = 0;
  int64_t demand = 0;
  int64_t next_factor_ppm = 0;  // in effect in period + 2

  bool operator==(const CongestionPeriod&) const = default;
};

// floor(Unix time / the rule's period).
int64_t PeriodOf(const CongestionRule& rule, Time at);

// The factor two periods after one with this demand, in which `factor_ppm` was the factor one
// period after it: factor x (1 + max_step x (demand - target) / target), where (demand - target) /
// target counts as 1 at most; rounded half up, then kept between floor and ceiling. Errors:
// OUT_OF_RANGE.
absl::StatusOr<int64_t> NextFactor(const CongestionRule& rule, const CongestionClass& congestion,
                                   int64_t factor_ppm, int64_t demand);

}  // namespace joulebook::costing
