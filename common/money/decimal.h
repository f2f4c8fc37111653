// Exact decimal text for amounts: "12.5" of scale 6 is 12 500 000 minor units, and back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/status/status.h"

namespace joulebook {

// All `scale` decimals, so that columns align: FormatDecimal(-1500, 3) is "-1.500".
// `scale` must be 0 to kMaxScale.
std::string FormatDecimal(int64_t minor, int scale);

// Accepts an optional '-', digits, and optionally '.' with 1 to `scale` digits; nothing else (no
// spaces, exponents, leading '+' or bare '.'). Errors: INVALID_ARGUMENT for other text or more
// decimals than the scale has, OUT_OF_RANGE when it does not fit 64 bits.
absl::StatusOr<int64_t> ParseDecimal(std::string_view text, int scale);

}  // namespace joulebook
