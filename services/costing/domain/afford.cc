#include "services/costing/domain/afford.h"

#include <algorithm>
#include <numeric>

#include "common/money/int128.h"
#include "services/costing/domain/errors.h"

namespace joulebook::costing {
namespace {

// A total that does not fit is not affordable.
absl::StatusOr<bool> Affords(const Tariff& tariff, Usage& usage, int64_t count, int64_t available) {
  usage.count = count;
  const auto totals = PriceWithoutSteps(tariff, usage);
  if (absl::IsOutOfRange(totals.status())) return false;
  JB_RETURN_IF_ERROR(totals.status());
  return totals->total <= available;
}

}  // namespace

absl::StatusOr<Affordable> MostAffordable(const Tariff& tariff, Usage usage, int64_t available) {
  if (available < 0) return FieldInvalid("available_microjoules", "must not be negative");
  JB_ASSIGN_OR_RETURN(const bool affords_one, Affords(tariff, usage, 1, available));
  // From two on the total rises with the count; one alone has no batch discount and may cost more.
  int64_t affordable = affords_one ? 1 : 0;
  int64_t low = 2;
  int64_t high = tariff.max_batch;
  while (low <= high) {
    const int64_t middle = low + (high - low) / 2;
    JB_ASSIGN_OR_RETURN(const bool affords, Affords(tariff, usage, middle, available));
    if (affords) {
      affordable = middle;
      low = middle + 1;
    } else {
      high = middle - 1;
    }
  }
  Affordable result{.units = affordable};
  if (affordable == tariff.max_batch) return result;
  usage.count = affordable + 1;
  const auto next = PriceWithoutSteps(tariff, usage);
  if (absl::IsOutOfRange(next.status())) return result;
  JB_RETURN_IF_ERROR(next.status());
  result.next_total = next->total;
  return result;
}

CostVerdict JudgeCost(const PriceTotals& stated, const PriceTotals& expected, int64_t available) {
  if (std::any_of(stated.parts.begin(), stated.parts.end(), [](int64_t p) { return p < 0; })) {
    return CostVerdict::kPartNegative;
  }
  if (std::accumulate(stated.parts.begin(), stated.parts.end(), Int128{0}) != stated.total) {
    return CostVerdict::kSumWrong;
  }
  if (stated.parts != expected.parts) return CostVerdict::kPriceWrong;
  return stated.total <= available ? CostVerdict::kOk : CostVerdict::kNotAffordable;
}

}  // namespace joulebook::costing
