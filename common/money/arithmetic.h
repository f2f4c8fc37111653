// Exact integer arithmetic for prices and balances. There is one division, and its caller names the
// rounding mode.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/status/status.h"

namespace joulebook {

enum class Rounding {
  kFloor,     // towards minus infinity
  kCeiling,   // towards plus infinity
  kHalfUp,    // to nearest, ties towards plus infinity
  kHalfEven,  // to nearest, ties to the even neighbour
};

// OUT_OF_RANGE when the result does not fit.
absl::StatusOr<int64_t> CheckedAdd(int64_t a, int64_t b);
absl::StatusOr<int64_t> CheckedSubtract(int64_t a, int64_t b);

// a * b / c with a 128-bit product. Errors: INVALID_ARGUMENT for c = 0, OUT_OF_RANGE when the
// quotient does not fit.
absl::StatusOr<int64_t> MulDiv(int64_t a, int64_t b, int64_t c, Rounding rounding);

// Splits `total` (0 or more) in proportion to `weights` (each 0 or more, at least one above 0) by
// largest remainder: every part is the exact share rounded down or up, and the parts sum to
// `total`. Ties go to the lower index. Errors: INVALID_ARGUMENT for other input, OUT_OF_RANGE when
// the weights sum to more than 2^63-1.
absl::StatusOr<std::vector<int64_t>> SplitByLargestRemainder(int64_t total,
                                                             std::span<const int64_t> weights);

}  // namespace joulebook
