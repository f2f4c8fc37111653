// Exact fractions for prices, of any size; nothing is rounded until Round is called.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/money/int128.h"

namespace joulebook {

class Rational {
 public:
  Rational() = default;  // 0
  // Whole numbers are fractions, so they convert.
  Rational(int64_t whole) : numerator_(whole) {}  // NOLINT(google-explicit-constructor)

  // The denominator is not 0.
  static Rational Of(int64_t numerator, int64_t denominator);

  // "12", "-0.0001" or "2/3"; nothing else (no spaces, exponents, leading '+' or bare '.').
  // Errors: INVALID_ARGUMENT for other text.
  static absl::StatusOr<Rational> Parse(std::string_view text);
  // The decimal number where there is one of at most 38 decimals whose digits fit 127 bits, else
  // "numerator/denominator". Parse reads it back as the same number; one text for each number.
  std::string ToString() const;

  Rational operator-() const;
  friend Rational operator+(const Rational& a, const Rational& b);
  friend Rational operator-(const Rational& a, const Rational& b) { return a + -b; }
  friend Rational operator*(const Rational& a, const Rational& b);
  // The divisor is not 0.
  friend Rational operator/(const Rational& a, const Rational& b);

  // The whole number that `rounding` names. Errors: OUT_OF_RANGE when it does not fit 64 bits.
  absl::StatusOr<int64_t> Round(Rounding rounding) const;

  // The least common multiple of `other`, above 0, and the denominator in lowest terms; nothing
  // above 2^63-1.
  std::optional<int64_t> CommonDenominator(int64_t other) const;

  bool IsZero() const { return numerator_ == 0 && wide_ == nullptr; }
  bool operator==(const Rational& other) const { return (*this <=> other) == 0; }
  std::strong_ordering operator<=>(const Rational& other) const;

 private:
  struct Wide;

  // The denominator is above 0.
  Rational(Int128 numerator, Int128 denominator)
      : numerator_(numerator), denominator_(denominator) {}
  // Narrow where that fits.
  static Rational OfWide(const Wide& value);
  Wide Widened() const;

  bool AreNarrow(const Rational& other) const { return wide_ == nullptr && other.wide_ == nullptr; }
  Rational Inverse() const;
  Rational Reduced() const;  // in lowest terms
  std::string Text() const;  // of what is in lowest terms
  // Both must be narrow and in lowest terms; nothing where the result does not fit.
  std::optional<Rational> PlusReduced(const Rational& other) const;
  std::optional<Rational> TimesReduced(const Rational& other) const;

  // 128 bits over 128 bits hold nearly every price. Finding the lowest terms is what takes time, so
  // it is left until there is no room or somebody looks.
  Int128 numerator_ = 0;
  Int128 denominator_ = 1;
  // In place of both: what does not fit them in lowest terms.
  std::shared_ptr<const Wide> wide_;
};

}  // namespace joulebook
