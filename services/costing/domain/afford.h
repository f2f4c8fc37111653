// How far an amount reaches, and whether somebody else's calculation is right.
#pragma once

#include "services/costing/domain/price.h"

namespace joulebook::costing {

struct Affordable {
  int64_t units = 0;  // the most operations that cost at most what is available
  // The total with one more; 0 where a batch allows no more, or the total does not fit.
  int64_t next_total = 0;
};

// The most operations like `usage`, whose count is not looked at. Errors: those of Price,
// FIELD_INVALID for a negative amount.
absl::StatusOr<Affordable> MostAffordable(const Tariff& tariff, Usage usage, int64_t available);

enum class CostVerdict { kOk = 1, kPartNegative, kSumWrong, kPriceWrong, kNotAffordable };

// The first that applies to a stated cost.
CostVerdict JudgeCost(const PriceTotals& stated, const PriceTotals& expected, int64_t available);

}  // namespace joulebook::costing
