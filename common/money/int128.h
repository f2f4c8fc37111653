// The 128-bit integer behind products and exact fractions, and the one division.
#pragma once

#include <compare>
#include <cstdint>

#include "common/money/arithmetic.h"

namespace joulebook {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;

// Whether a quotient that was rounded down goes up by one: `has_rest` says that the division left
// something, `to_half` how that compares with half of the divisor.
bool RoundsUp(bool has_rest, std::strong_ordering to_half, bool is_odd, Rounding rounding);

// dividend / divisor, rounded as named. Errors: INVALID_ARGUMENT for a divisor of 0, OUT_OF_RANGE
// when the quotient does not fit 64 bits. Neither may be the smallest 128-bit number.
absl::StatusOr<int64_t> DivideRounded(Int128 dividend, Int128 divisor, Rounding rounding);

}  // namespace joulebook
