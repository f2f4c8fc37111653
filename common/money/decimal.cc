#include "common/money/decimal.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "common/money/asset.h"
#include "common/status/check.h"

namespace joulebook {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

absl::Status NotADecimal(std::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat("not a decimal number: ", ToAbsl(text)));
}

// Appends one digit to a value that is kept negative, since int64 has one more negative value.
bool AppendDigit(int64_t& negative, int digit) {
  return !__builtin_mul_overflow(negative, 10, &negative) &&
         !__builtin_sub_overflow(negative, digit, &negative);
}

}  // namespace

std::string FormatDecimal(int64_t minor, int scale) {
  JB_CHECK(scale >= 0 && scale <= kMaxScale);
  const bool is_negative = minor < 0;
  const uint64_t magnitude =
      is_negative ? uint64_t{0} - static_cast<uint64_t>(minor) : static_cast<uint64_t>(minor);
  std::string digits = std::to_string(magnitude);
  const auto decimals = static_cast<std::size_t>(scale);
  if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
  if (decimals > 0) digits.insert(digits.size() - decimals, ".");
  return is_negative ? "-" + digits : digits;
}

absl::StatusOr<int64_t> ParseDecimal(std::string_view text, int scale) {
  JB_CHECK(scale >= 0 && scale <= kMaxScale);
  std::string_view rest = text;
  const bool is_negative = rest.starts_with('-');
  if (is_negative) rest.remove_prefix(1);
  const std::size_t point = rest.find('.');
  const std::string_view whole = rest.substr(0, point);
  const std::string_view fraction =
      point == std::string_view::npos ? std::string_view() : rest.substr(point + 1);
  if (whole.empty() || (point != std::string_view::npos && fraction.empty())) {
    return NotADecimal(text);
  }
  if (fraction.size() > static_cast<std::size_t>(scale)) {
    return absl::InvalidArgumentError(absl::StrCat("more than ", scale, " decimals"));
  }

  std::string digits(whole);
  digits.append(fraction);
  digits.append(static_cast<std::size_t>(scale) - fraction.size(), '0');
  int64_t negative = 0;
  bool fits = true;
  for (const char c : digits) {
    if (!IsDigit(c)) return NotADecimal(text);
    fits = fits && AppendDigit(negative, c - '0');
  }
  if (!fits || (!is_negative && negative == std::numeric_limits<int64_t>::min())) {
    return absl::OutOfRangeError(absl::StrCat(ToAbsl(text), " does not fit 64 bits"));
  }
  return is_negative ? negative : -negative;
}

}  // namespace joulebook
