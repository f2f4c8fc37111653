#include "services/costing/domain/utility.h"

#include <algorithm>
#include <bit>

#include "common/money/int128.h"

namespace joulebook::costing {
namespace {

// Fixed point with 40 binary digits after the point: 10^-12, and what is scored ends at 10^-6.
constexpr int kFraction = 40;
constexpr Int128 kOne = Int128{1} << kFraction;

// In units of 2^-40: log10(2), log2(e) and ln(2).
constexpr Int128 kLog10Of2 = 330'985'980'542;
constexpr Int128 kLog2OfE = 1'586'259'972'792;
constexpr Int128 kLnOf2 = 762'123'384'786;

constexpr int64_t kMillion = 1'000'000;

// Needs n >= 1. The bits behind the point come by squaring: whether the square of the mantissa
// passes 2 is the next one.
Int128 Log2(uint64_t n) {
  const int whole = static_cast<int>(std::bit_width(n)) - 1;
  uint64_t mantissa = n << (63 - whole);  // 1 to 2, with 63 digits
  Int128 result = Int128{whole} << kFraction;
  for (int bit = kFraction - 1; bit >= 0; --bit) {
    const Uint128 square = Uint128{mantissa} * mantissa;
    const bool passes_two = (square >> 127) != 0;
    mantissa = static_cast<uint64_t>(square >> (passes_two ? 64 : 63));
    if (passes_two) result += Int128{1} << bit;
  }
  return result;
}

Int128 Log10(uint64_t n) { return (Log2(n) * kLog10Of2) >> kFraction; }

// exp(-x) for x >= 0: the whole powers of two shift, the rest is the exponential series.
Int128 ExpOfMinus(Int128 x) {
  const Int128 in_twos = (x * kLog2OfE) >> kFraction;
  const Int128 whole = in_twos >> kFraction;
  if (whole > kFraction) return 0;
  const Int128 rest = ((in_twos - (whole << kFraction)) * kLnOf2) >> kFraction;
  constexpr int kTerms = 20;  // rest < ln(2): the next one is below 2^-70
  Int128 sum = 0;
  Int128 term = kOne;
  for (int k = 1; k <= kTerms; ++k) {
    sum += k % 2 == 1 ? term : -term;
    term = ((term * rest) >> kFraction) / k;
  }
  return sum >> static_cast<int>(whole);
}

}  // namespace

int32_t UtilityPpm(const ContentUse& use) {
  const auto plus_one = [](int64_t count) {
    return static_cast<uint64_t>(std::max<int64_t>(count, 0)) + 1;
  };
  constexpr int64_t kLongestAge = 36'500;  // exp(-100) is nothing
  const Int128 rating = std::clamp(use.rating_milli, -5'000, 5'000) + 5'000;
  const Int128 age = std::clamp<int64_t>(use.age_days, 0, kLongestAge);
  const Int128 score = Log10(plus_one(use.accesses)) * 3 / 50 +
                       Log10(plus_one(use.unique_members)) / 20 + kOne * rating * 3 / 100'000 +
                       ExpOfMinus(kOne * age / 365) / 5;
  const Int128 ppm = (score * kMillion + kOne / 2) >> kFraction;
  return static_cast<int32_t>(std::clamp<Int128>(ppm, 0, kMillion));
}

}  // namespace joulebook::costing
