// Exact fractions for prices: 128 bits over 128 bits. What does not fit in lowest terms is an
// error; nothing is rounded until Round is called.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/money/int128.h"

namespace joulebook {

class Rational {
 public:
  constexpr Rational() = default;  // 0
  // Whole numbers are fractions, so they convert.
  constexpr Rational(int64_t whole) : numerator_(whole) {}  // NOLINT(google-explicit-constructor)

  // Errors: INVALID_ARGUMENT for a denominator of 0.
  static absl::StatusOr<Rational> Of(int64_t numerator, int64_t denominator);

  // "12", "-0.0001" or "2/3"; nothing else (no spaces, exponents, leading '+' or bare '.').
  // Errors: INVALID_ARGUMENT for other text, OUT_OF_RANGE when it does not fit.
  static absl::StatusOr<Rational> Parse(std::string_view text);
  // The decimal number where there is a finite one, else "numerator/denominator". What Parse reads
  // back as the same number; one text for each number.
  std::string ToString() const;

  // All four: OUT_OF_RANGE when numerator or denominator, or a step to them, leave 128 bits.
  // DividedBy: INVALID_ARGUMENT for a divisor of 0.
  absl::StatusOr<Rational> Plus(const Rational& other) const;
  absl::StatusOr<Rational> Minus(const Rational& other) const;
  absl::StatusOr<Rational> Times(const Rational& other) const;
  absl::StatusOr<Rational> DividedBy(const Rational& other) const;

  // The whole number that `rounding` names. Errors: OUT_OF_RANGE when it does not fit 64 bits.
  absl::StatusOr<int64_t> Round(Rounding rounding) const;

  bool IsZero() const { return numerator_ == 0; }
  bool operator==(const Rational& other) const { return (*this <=> other) == 0; }
  std::strong_ordering operator<=>(const Rational& other) const;

 private:
  // The denominator is above 0.
  constexpr Rational(Int128 numerator, Int128 denominator)
      : numerator_(numerator), denominator_(denominator) {}
  Rational Reduced() const;  // in lowest terms
  std::string Text() const;  // of what is in lowest terms
  // Of two in lowest terms.
  absl::StatusOr<Rational> PlusReduced(const Rational& other) const;
  absl::StatusOr<Rational> TimesReduced(const Rational& other) const;

  // Finding the lowest terms is what takes time, so it is left until there is no room or somebody
  // looks.
  Int128 numerator_ = 0;
  Int128 denominator_ = 1;
};

}  // namespace joulebook
