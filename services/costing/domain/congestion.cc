#include "services/costing/domain/congestion.h"

#include <algorithm>

namespace joulebook::costing {
namespace {
constexpr int64_t kMillion = 1'000'000;
}  // namespace

int64_t PeriodOf(const CongestionRule& rule, Time at) {
  return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count() / rule.period_s;
}

absl::StatusOr<int64_t> NextFactor(const CongestionRule& rule, const CongestionClass& congestion,
                                   int64_t factor_ppm, int64_t demand) {
  const int64_t above = std::min(demand, 2 * congestion.target) - congestion.target;
  JB_ASSIGN_OR_RETURN(const int64_t step_ppm,
                      MulDiv(rule.max_step_ppm, above, congestion.target, Rounding::kHalfUp));
  JB_ASSIGN_OR_RETURN(const int64_t factor,
                      MulDiv(factor_ppm, kMillion + step_ppm, kMillion, Rounding::kHalfUp));
  return std::clamp(factor, rule.floor_ppm, rule.ceiling_ppm);
}

}  // namespace joulebook::costing
