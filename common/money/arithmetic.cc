#include "common/money/arithmetic.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "common/money/int128.h"

namespace joulebook {
namespace {

absl::Status OutOfRange() { return absl::OutOfRangeError("the result does not fit 64 bits"); }

}  // namespace

bool RoundsUp(bool has_rest, std::strong_ordering to_half, bool is_odd, Rounding rounding) {
  switch (rounding) {
    case Rounding::kFloor:
      return false;
    case Rounding::kCeiling:
      return has_rest;
    case Rounding::kHalfUp:
      return to_half >= 0;
    case Rounding::kHalfEven:
      return to_half > 0 || (to_half == 0 && is_odd);
  }
  return false;
}

absl::StatusOr<int64_t> CheckedAdd(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return OutOfRange();
  return sum;
}

absl::StatusOr<int64_t> CheckedSubtract(int64_t a, int64_t b) {
  int64_t difference = 0;
  if (__builtin_sub_overflow(a, b, &difference)) return OutOfRange();
  return difference;
}

absl::StatusOr<int64_t> DivideRounded(Int128 dividend, Int128 divisor, Rounding rounding) {
  if (divisor == 0) return absl::InvalidArgumentError("division by zero");
  if (divisor < 0) {
    dividend = -dividend;
    divisor = -divisor;
  }
  Int128 floor = dividend / divisor;
  Int128 remainder = dividend % divisor;
  if (remainder < 0) {
    remainder += divisor;
    --floor;
  }
  if (RoundsUp(remainder != 0, remainder <=> divisor - remainder, floor % 2 != 0, rounding))
    ++floor;
  if (floor < std::numeric_limits<int64_t>::min() || floor > std::numeric_limits<int64_t>::max()) {
    return OutOfRange();
  }
  return static_cast<int64_t>(floor);
}

absl::StatusOr<int64_t> MulDiv(int64_t a, int64_t b, int64_t c, Rounding rounding) {
  return DivideRounded(static_cast<Int128>(a) * b, c, rounding);
}

absl::StatusOr<std::vector<int64_t>> SplitByLargestRemainder(int64_t total,
                                                             std::span<const int64_t> weights) {
  if (total < 0) return absl::InvalidArgumentError("the total is negative");
  int64_t weight_sum = 0;
  for (const int64_t weight : weights) {
    if (weight < 0) return absl::InvalidArgumentError("a weight is negative");
    JB_ASSIGN_OR_RETURN(weight_sum, CheckedAdd(weight_sum, weight));
  }
  if (weight_sum == 0) return absl::InvalidArgumentError("no weight is above 0");

  std::vector<int64_t> parts(weights.size());
  std::vector<Int128> remainders(weights.size());
  int64_t rest = total;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const Int128 product = static_cast<Int128>(total) * weights[i];
    parts[i] = static_cast<int64_t>(product / weight_sum);
    remainders[i] = product % weight_sum;
    rest -= parts[i];
  }
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&remainders](std::size_t x, std::size_t y) {
    return remainders[x] > remainders[y];
  });
  for (std::size_t i = 0; rest > 0; ++i, --rest) ++parts[order[i]];
  return parts;
}

}  // namespace joulebook
