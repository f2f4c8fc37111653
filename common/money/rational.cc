#include "common/money/rational.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"

namespace joulebook {
namespace {

absl::Status TooLong() { return absl::OutOfRangeError("the fraction does not fit 128 bits"); }

absl::Status NotANumber(std::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat("not a number: ", ToAbsl(text)));
}

constexpr Int128 kLargest = (((Int128{1} << 126) - 1) << 1) + 1;

// Leaves out the smallest number, whose negation would not fit.
bool Fits(Int128 value) { return value >= -kLargest; }

bool Add(Int128 a, Int128 b, Int128& sum) {
  return !__builtin_add_overflow(a, b, &sum) && Fits(sum);
}
bool Multiply(Int128 a, Int128 b, Int128& product) {
  if (a == static_cast<int64_t>(a) && b == static_cast<int64_t>(b)) {
    product = a * b;
    return true;
  }
  return !__builtin_mul_overflow(a, b, &product) && Fits(product);
}

Int128 Magnitude(Int128 value) { return value < 0 ? -value : value; }

// Of b > 0. By halving and subtracting: 128-bit division is what takes long.
Int128 GreatestCommonDivisor(Int128 a, Int128 b) {
  if (a == 0) return b;
  const auto twos_of = [](Uint128 value) {
    const auto low = static_cast<uint64_t>(value);
    return low != 0 ? std::countr_zero(low)
                    : 64 + std::countr_zero(static_cast<uint64_t>(value >> 64));
  };
  auto left = static_cast<Uint128>(Magnitude(a));
  auto right = static_cast<Uint128>(b);
  const int twos = std::min(twos_of(left), twos_of(right));
  left >>= twos_of(left);
  right >>= twos_of(right);
  while (left != right) {
    if ((left >> 64) == 0 && (right >> 64) == 0) {
      left = std::gcd(static_cast<uint64_t>(left), static_cast<uint64_t>(right));
      break;
    }
    if (left < right) std::swap(left, right);
    left -= right;
    left >>= twos_of(left);
  }
  return static_cast<Int128>(left << twos);
}

// Writes the digits of a number that is 0 or more, ending before `end`; where they begin. Eighteen
// at a time, which 64 bits hold.
char* WriteDigits(Uint128 value, char* end) {
  constexpr uint64_t kChunk = 1'000'000'000'000'000'000;
  while (value >= kChunk) {
    auto low = static_cast<uint64_t>(value % kChunk);
    value /= kChunk;
    for (int i = 0; i < 18; ++i, low /= 10) *--end = static_cast<char>('0' + low % 10);
  }
  auto rest = static_cast<uint64_t>(value);
  do {
    *--end = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  return end;
}

// One digit or more, and nothing else.
absl::StatusOr<Int128> ParseDigits(std::string_view digits, std::string_view text) {
  if (digits.empty()) return NotANumber(text);
  Int128 value = 0;
  bool fits = true;
  for (const char c : digits) {
    if (c < '0' || c > '9') return NotANumber(text);
    fits = fits && Multiply(value, 10, value) && Add(value, c - '0', value);
  }
  if (!fits) return TooLong();
  return value;
}

constexpr int kMostDecimals = 38;  // 10^38 is the last power that fits

constexpr std::array<Int128, kMostDecimals + 1> kPowersOfTen = [] {
  std::array<Int128, kMostDecimals + 1> powers{};
  powers[0] = 1;
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

// The power of ten that the denominator divides, as its exponent; -1 if there is none that fits.
int DecimalsOf(Int128 denominator) {
  const auto bits = static_cast<Uint128>(denominator);
  const auto low = static_cast<uint64_t>(bits);
  const int twos =
      low != 0 ? std::countr_zero(low) : 64 + std::countr_zero(static_cast<uint64_t>(bits >> 64));
  Uint128 odd = bits >> twos;
  int fives = 0;
  while ((odd >> 64) != 0 && odd % 5 == 0) {
    odd /= 5;
    ++fives;
  }
  if ((odd >> 64) != 0) return -1;
  auto rest = static_cast<uint64_t>(odd);
  for (; rest % 5 == 0; rest /= 5) ++fives;
  const int decimals = std::max(twos, fives);
  return rest == 1 && decimals <= kMostDecimals ? decimals : -1;
}

}  // namespace

absl::StatusOr<Rational> Rational::Of(int64_t numerator, int64_t denominator) {
  if (denominator <= 0) return Rational(numerator).DividedBy(denominator);
  return Rational(numerator, denominator);
}

absl::StatusOr<Rational> Rational::Parse(std::string_view text) {
  std::string_view rest = text;
  const bool is_negative = rest.starts_with('-');
  if (is_negative) rest.remove_prefix(1);
  const std::size_t mark = rest.find_first_of("./");
  const std::string_view second =
      mark == std::string_view::npos ? std::string_view() : rest.substr(mark + 1);
  std::string first(rest.substr(0, mark));
  Int128 denominator = 1;
  if (mark != std::string_view::npos) {
    JB_ASSIGN_OR_RETURN(const Int128 number, ParseDigits(second, text));
    if (rest[mark] == '/') {
      denominator = number;
    } else {
      if (first.empty()) return NotANumber(text);
      first.append(second);
      for (std::size_t i = 0; i < second.size(); ++i) {
        if (!Multiply(denominator, 10, denominator)) return TooLong();
      }
    }
  }
  JB_ASSIGN_OR_RETURN(const Int128 numerator, ParseDigits(first, text));
  return Rational(is_negative ? -numerator : numerator, 1).DividedBy(Rational(denominator, 1));
}

Rational Rational::Reduced() const {
  const Int128 common = GreatestCommonDivisor(numerator_, denominator_);
  return {numerator_ / common, denominator_ / common};
}

std::string Rational::ToString() const { return denominator_ == 1 ? Text() : Reduced().Text(); }

std::string Rational::Text() const {
  const int decimals = denominator_ == 1 ? 0 : DecimalsOf(denominator_);
  Int128 scaled = 0;
  const bool is_decimal =
      decimals >= 0 &&
      Multiply(Magnitude(numerator_),
               kPowersOfTen[static_cast<std::size_t>(decimals)] / denominator_, scaled);
  char buffer[100];
  char* const end = buffer + sizeof buffer;
  char* begin = end;
  if (is_decimal) {
    begin = WriteDigits(static_cast<Uint128>(scaled), end);
    while (end - begin <= decimals) *--begin = '0';
    if (decimals > 0) {  // the whole part moves up to make room for the point
      std::move(begin, end - decimals, begin - 1);
      --begin;
      end[-decimals - 1] = '.';
    }
  } else {
    begin = WriteDigits(static_cast<Uint128>(denominator_), begin);
    *--begin = '/';
    begin = WriteDigits(static_cast<Uint128>(Magnitude(numerator_)), begin);
  }
  if (numerator_ < 0) *--begin = '-';
  return {begin, end};
}

absl::StatusOr<Rational> Rational::Plus(const Rational& other) const {
  if (IsZero()) return other;
  if (other.IsZero()) return *this;
  Int128 left = 0;
  Int128 right = 0;
  Int128 sum = 0;
  Int128 denominator = denominator_;
  if (denominator_ == other.denominator_) {
    if (Add(numerator_, other.numerator_, sum)) return Rational(sum, denominator);
  } else if (Multiply(numerator_, other.denominator_, left) &&
             Multiply(other.numerator_, denominator_, right) && Add(left, right, sum) &&
             Multiply(denominator_, other.denominator_, denominator)) {
    return Rational(sum, denominator);
  }
  return Reduced().PlusReduced(other.Reduced());
}

absl::StatusOr<Rational> Rational::PlusReduced(const Rational& other) const {
  const Int128 common = GreatestCommonDivisor(denominator_, other.denominator_);
  Int128 left = 0;
  Int128 right = 0;
  Int128 sum = 0;
  if (!Multiply(numerator_, other.denominator_ / common, left) ||
      !Multiply(other.numerator_, denominator_ / common, right) || !Add(left, right, sum)) {
    return TooLong();
  }
  // What the sum shares with the denominators can only be in what they share.
  const Int128 shared = GreatestCommonDivisor(sum, common);
  Int128 denominator = 0;
  if (!Multiply(denominator_ / common, other.denominator_ / shared, denominator)) return TooLong();
  return Rational(sum / shared, denominator);
}

absl::StatusOr<Rational> Rational::Minus(const Rational& other) const {
  return Plus(Rational(-other.numerator_, other.denominator_));
}

absl::StatusOr<Rational> Rational::Times(const Rational& other) const {
  if (IsZero() || other.IsZero()) return Rational();
  Int128 numerator = 0;
  Int128 denominator = 0;
  if (Multiply(numerator_, other.numerator_, numerator) &&
      Multiply(denominator_, other.denominator_, denominator)) {
    return Rational(numerator, denominator);
  }
  return Reduced().TimesReduced(other.Reduced());
}

absl::StatusOr<Rational> Rational::TimesReduced(const Rational& other) const {
  const Int128 across = GreatestCommonDivisor(numerator_, other.denominator_);
  const Int128 back = GreatestCommonDivisor(other.numerator_, denominator_);
  Int128 numerator = 0;
  Int128 denominator = 0;
  if (!Multiply(numerator_ / across, other.numerator_ / back, numerator) ||
      !Multiply(denominator_ / back, other.denominator_ / across, denominator)) {
    return TooLong();
  }
  return Rational(numerator, denominator);
}

absl::StatusOr<Rational> Rational::DividedBy(const Rational& other) const {
  if (other.numerator_ == 0) return absl::InvalidArgumentError("division by zero");
  const Int128 sign = other.numerator_ < 0 ? -1 : 1;
  return Times(Rational(sign * other.denominator_, Magnitude(other.numerator_)));
}

absl::StatusOr<int64_t> Rational::Round(Rounding rounding) const {
  return DivideRounded(numerator_, denominator_, rounding);
}

// Across where the products fit; else by the whole parts, and if they are equal by the inverses of
// what is left, the other way round.
std::strong_ordering Rational::operator<=>(const Rational& other) const {
  Int128 left = 0;
  Int128 right = 0;
  if (Multiply(numerator_, other.denominator_, left) &&
      Multiply(other.numerator_, denominator_, right)) {
    return left <=> right;
  }
  Rational a = *this;
  Rational b = other;
  for (bool is_swapped = false;; is_swapped = !is_swapped) {
    const auto floor = [](const Rational& r) {
      const Int128 whole = r.numerator_ / r.denominator_;
      return r.numerator_ % r.denominator_ < 0 ? whole - 1 : whole;
    };
    const Int128 whole_a = floor(a);
    const Int128 whole_b = floor(b);
    const Int128 rest_a = a.numerator_ - whole_a * a.denominator_;
    const Int128 rest_b = b.numerator_ - whole_b * b.denominator_;
    if (whole_a != whole_b || rest_a == 0 || rest_b == 0) {
      const std::strong_ordering order =
          whole_a != whole_b ? whole_a <=> whole_b : (rest_a != 0) <=> (rest_b != 0);
      return is_swapped ? 0 <=> order : order;
    }
    a = Rational(a.denominator_, rest_a);
    b = Rational(b.denominator_, rest_b);
  }
}

}  // namespace joulebook
