#include "common/money/rational.h"

#include <gmpxx.h>

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/check.h"

namespace joulebook {
namespace {

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

// Needs b > 0. Halves and subtracts, since a 128-bit division takes long.
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

bool AreDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

mpz_class ToWide(Int128 value) {
  const auto magnitude = static_cast<Uint128>(Magnitude(value));
  const uint64_t words[] = {static_cast<uint64_t>(magnitude),
                            static_cast<uint64_t>(magnitude >> 64)};
  mpz_class wide;
  mpz_import(wide.get_mpz_t(), std::size(words), -1, sizeof words[0], 0, 0, words);
  return value < 0 ? mpz_class(-wide) : wide;
}

bool Fits(const mpz_class& value) { return mpz_sizeinbase(value.get_mpz_t(), 2) <= 127; }

// Needs a value that fits.
Int128 ToNarrow(const mpz_class& value) {
  uint64_t words[2] = {};
  mpz_export(words, nullptr, -1, sizeof words[0], 0, 0, value.get_mpz_t());
  const auto magnitude = static_cast<Int128>(Uint128{words[1]} << 64 | words[0]);
  return value < 0 ? -magnitude : magnitude;
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

// In lowest terms, of which one at least does not fit 128 bits.
struct Rational::Wide {
  mpq_class value;
};

Rational Rational::OfWide(const Wide& value) {
  const mpz_class& numerator = value.value.get_num();
  const mpz_class& denominator = value.value.get_den();
  if (Fits(numerator) && Fits(denominator)) return {ToNarrow(numerator), ToNarrow(denominator)};
  Rational wide;
  wide.wide_ = std::make_shared<const Wide>(value);
  return wide;
}

Rational::Wide Rational::Widened() const {
  if (wide_ != nullptr) return *wide_;
  Wide wide{mpq_class(ToWide(numerator_), ToWide(denominator_))};
  wide.value.canonicalize();
  return wide;
}

Rational Rational::Of(int64_t numerator, int64_t denominator) {
  if (denominator <= 0) return Rational(numerator) / denominator;
  return {numerator, denominator};
}

absl::StatusOr<Rational> Rational::Parse(std::string_view text) {
  std::string_view rest = text;
  const bool is_negative = rest.starts_with('-');
  if (is_negative) rest.remove_prefix(1);
  const std::size_t mark = rest.find_first_of("./");
  std::string numerator(rest.substr(0, mark));
  std::string denominator = "1";
  if (!AreDigits(numerator)) return NotANumber(text);
  if (mark != std::string_view::npos) {
    const std::string_view second = rest.substr(mark + 1);
    if (!AreDigits(second)) return NotANumber(text);
    if (rest[mark] == '/') {
      denominator = second;
    } else {
      numerator.append(second);
      denominator.append(second.size(), '0');
    }
  }
  Wide number{mpq_class(mpz_class(numerator, 10), mpz_class(denominator, 10))};
  if (number.value.get_den() == 0) return NotANumber(text);
  number.value.canonicalize();
  const Rational magnitude = OfWide(number);
  return is_negative ? -magnitude : magnitude;
}

Rational Rational::Reduced() const {
  const Int128 common = GreatestCommonDivisor(numerator_, denominator_);
  return {numerator_ / common, denominator_ / common};
}

std::string Rational::ToString() const {
  if (wide_ != nullptr) return wide_->value.get_str();
  return denominator_ == 1 ? Text() : Reduced().Text();
}

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

Rational Rational::operator-() const {
  if (wide_ != nullptr) return OfWide({-wide_->value});
  return {-numerator_, denominator_};
}

Rational operator+(const Rational& a, const Rational& b) {
  if (a.IsZero()) return b;
  if (b.IsZero()) return a;
  if (a.AreNarrow(b)) {
    Int128 left = 0;
    Int128 right = 0;
    Int128 sum = 0;
    Int128 denominator = a.denominator_;
    if (a.denominator_ == b.denominator_) {
      if (Add(a.numerator_, b.numerator_, sum)) return {sum, denominator};
    } else if (Multiply(a.numerator_, b.denominator_, left) &&
               Multiply(b.numerator_, a.denominator_, right) && Add(left, right, sum) &&
               Multiply(a.denominator_, b.denominator_, denominator)) {
      return {sum, denominator};
    }
    if (auto reduced = a.Reduced().PlusReduced(b.Reduced())) return *std::move(reduced);
  }
  return Rational::OfWide({a.Widened().value + b.Widened().value});
}

std::optional<Rational> Rational::PlusReduced(const Rational& other) const {
  const Int128 common = GreatestCommonDivisor(denominator_, other.denominator_);
  Int128 left = 0;
  Int128 right = 0;
  Int128 sum = 0;
  if (!Multiply(numerator_, other.denominator_ / common, left) ||
      !Multiply(other.numerator_, denominator_ / common, right) || !Add(left, right, sum)) {
    return std::nullopt;
  }
  // A factor that the sum shares with a denominator is a factor of `common`.
  const Int128 shared = GreatestCommonDivisor(sum, common);
  Int128 denominator = 0;
  if (!Multiply(denominator_ / common, other.denominator_ / shared, denominator)) {
    return std::nullopt;
  }
  return Rational(sum / shared, denominator);
}

Rational operator*(const Rational& a, const Rational& b) {
  if (a.AreNarrow(b)) {
    if (a.numerator_ == 0 || b.numerator_ == 0) return {};
    Int128 numerator = 0;
    Int128 denominator = 0;
    if (Multiply(a.numerator_, b.numerator_, numerator) &&
        Multiply(a.denominator_, b.denominator_, denominator)) {
      return {numerator, denominator};
    }
    if (auto reduced = a.Reduced().TimesReduced(b.Reduced())) return *std::move(reduced);
  }
  return Rational::OfWide({a.Widened().value * b.Widened().value});
}

std::optional<Rational> Rational::TimesReduced(const Rational& other) const {
  const Int128 across = GreatestCommonDivisor(numerator_, other.denominator_);
  const Int128 back = GreatestCommonDivisor(other.numerator_, denominator_);
  Int128 numerator = 0;
  Int128 denominator = 0;
  if (!Multiply(numerator_ / across, other.numerator_ / back, numerator) ||
      !Multiply(denominator_ / back, other.denominator_ / across, denominator)) {
    return std::nullopt;
  }
  return Rational(numerator, denominator);
}

Rational Rational::Inverse() const {
  JB_CHECK(!IsZero());
  if (wide_ != nullptr) return OfWide({1 / wide_->value});
  return {numerator_ < 0 ? -denominator_ : denominator_, Magnitude(numerator_)};
}

Rational operator/(const Rational& a, const Rational& b) { return a * b.Inverse(); }

absl::StatusOr<int64_t> Rational::Round(Rounding rounding) const {
  if (wide_ == nullptr) return DivideRounded(numerator_, denominator_, rounding);
  const mpz_class& divisor = wide_->value.get_den();
  mpz_class floor;
  mpz_class remainder;
  mpz_fdiv_qr(floor.get_mpz_t(), remainder.get_mpz_t(), wide_->value.get_num_mpz_t(),
              divisor.get_mpz_t());
  const mpz_class rest = divisor - remainder;
  if (RoundsUp(remainder != 0, cmp(remainder, rest) <=> 0, mpz_odd_p(floor.get_mpz_t()) != 0,
               rounding)) {
    ++floor;
  }
  if (!floor.fits_slong_p()) return absl::OutOfRangeError("the result does not fit 64 bits");
  return floor.get_si();
}

std::optional<int64_t> Rational::CommonDenominator(int64_t other) const {
  mpz_class common;
  mpz_lcm(common.get_mpz_t(), Widened().value.get_den_mpz_t(), mpz_class(other).get_mpz_t());
  if (!common.fits_slong_p()) return std::nullopt;
  return common.get_si();
}

std::strong_ordering Rational::operator<=>(const Rational& other) const {
  Int128 left = 0;
  Int128 right = 0;
  if (AreNarrow(other) && Multiply(numerator_, other.denominator_, left) &&
      Multiply(other.numerator_, denominator_, right)) {
    return left <=> right;
  }
  return cmp(Widened().value, other.Widened().value) <=> 0;
}

}  // namespace joulebook
