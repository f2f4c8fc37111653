#include "common/money/rational.h"

#include <rapidcheck.h>

#include <limits>

#include "common/testing/matchers.h"

namespace joulebook {
namespace {

Rational Of(std::string_view text) { return Rational::Parse(text).value(); }

TEST(Rational, ReadsAndWritesOneTextForEachNumber) {
  const std::pair<const char*, const char*> cases[] = {
      {"0", "0"},
      {"-0", "0"},
      {"12", "12"},
      {"0.0010", "0.001"},
      {"-2.50", "-2.5"},
      {"10/4", "2.5"},
      {"2/3", "2/3"},
      {"-6/9", "-2/3"},
      {"1/1024", "0.0009765625"},
      {"007", "7"},
      {"170141183460469231731687303715884105727", "170141183460469231731687303715884105727"},
  };
  for (const auto& [text, canonical] : cases) EXPECT_EQ(Of(text).ToString(), canonical) << text;
}

TEST(Rational, RefusesOtherText) {
  for (const char* text : {"", "-", ".", "1.", ".5", "/", "1/", "/2", "1/-2", "1e3", " 1", "+1",
                           "1.5/2", "1,5", "1.2.3", "0x1", "--1"}) {
    EXPECT_EQ(Rational::Parse(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_EQ(Rational::Parse("1/0").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Rational, CalculatesExactly) {
  EXPECT_EQ(Of("1/3") + Of("1/6"), Of("0.5"));
  EXPECT_EQ(Of("0.1") + Of("0.2"), Of("0.3"));
  EXPECT_EQ(Of("1/3") - Of("1/3"), Rational());
  EXPECT_EQ(Of("2/3") * Of("-0.75"), Of("-0.5"));
  EXPECT_EQ(Of("1") / Of("-0.4"), Of("-2.5"));
  EXPECT_EQ(Rational::Of(std::numeric_limits<int64_t>::min(), -1).ToString(),
            "9223372036854775808");
}

// 2^127-1: one more needs the wide form.
constexpr char kLargestNarrow[] = "170141183460469231731687303715884105727";

TEST(Rational, GrowsWhereItDoesNotFit128Bits) {
  const Rational large = Of(kLargestNarrow);
  EXPECT_EQ((large + 1).ToString(), "170141183460469231731687303715884105728");
  EXPECT_EQ((-large - 1).ToString(), "-170141183460469231731687303715884105728");
  EXPECT_EQ((large + Of("1/3")).ToString(), "510423550381407695195061911147652317182/3");
  EXPECT_EQ((Of("1/3") / large / large * Of("-2")).ToString(),
            "-2/"
            "86844066927987146567678238756515930888931641398467607639203064183639542595587");
  EXPECT_EQ(large * large / large, large);
  EXPECT_EQ(large + 1 - 1, large);
  EXPECT_GT(large + 1, large);
  EXPECT_LT(-(large + 1), -large);
  EXPECT_EQ(large.Round(Rounding::kFloor).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ((large + 1).Round(Rounding::kFloor).status().code(), absl::StatusCode::kOutOfRange);
}

TEST(Rational, RoundsAsNamed) {
  struct Case {
    const char* value;
    int64_t floor, ceiling, half_up, half_even;
  };
  const Case cases[] = {{"2.5", 2, 3, 3, 2},
                        {"3.5", 3, 4, 4, 4},
                        {"-2.5", -3, -2, -2, -2},
                        {"7/3", 2, 3, 2, 2},
                        {"-0.001", -1, 0, 0, 0},
                        {"4", 4, 4, 4, 4},
                        {"1/6148914691236517205", 0, 1, 0, 0}};
  for (const Case& c : cases) {
    EXPECT_EQ(Of(c.value).Round(Rounding::kFloor).value(), c.floor) << c.value;
    EXPECT_EQ(Of(c.value).Round(Rounding::kCeiling).value(), c.ceiling) << c.value;
    EXPECT_EQ(Of(c.value).Round(Rounding::kHalfUp).value(), c.half_up) << c.value;
    EXPECT_EQ(Of(c.value).Round(Rounding::kHalfEven).value(), c.half_even) << c.value;
  }
}

// Two fractions that cross the border between narrow and wide and come back.
TEST(Rational, AgreesWithItselfAtAnyWidth) {
  EXPECT_TRUE(rc::check([](int64_t a, int64_t b, int64_t c) {
    const auto d = *rc::gen::inRange<int64_t>(1, std::numeric_limits<int64_t>::max());
    const Rational x = Rational::Of(a, d) * b;
    const Rational y = Rational::Of(c, d) / 7'919 / d;
    const Rational product = x * x * y * y;
    RC_ASSERT(Rational::Parse(product.ToString()).value() == product);
    RC_ASSERT(x * y * (x + y) == x * x * y + y * x * y);
    if (!x.IsZero()) RC_ASSERT(product / x / x == y * y);
    const Rational big = Of(kLargestNarrow) * 1'000;
    for (const Rounding rounding :
         {Rounding::kFloor, Rounding::kCeiling, Rounding::kHalfUp, Rounding::kHalfEven}) {
      const auto half = *rc::gen::inRange<int64_t>(-100, 100);
      RC_ASSERT(((big * half + 1) / big / 2).Round(rounding).value() ==
                (Rational::Of(half, 2) + Of("0.000001")).Round(rounding).value());
    }
  }));
}

TEST(Rational, ComparesWithoutOverflow) {
  EXPECT_LT(Of("170141183460469231731687303715884105726/170141183460469231731687303715884105727"),
            Rational(1));
  EXPECT_LT(Of("170141183460469231731687303715884105725/170141183460469231731687303715884105726"),
            Of("170141183460469231731687303715884105726/170141183460469231731687303715884105727"));
  EXPECT_LT(Of("-1/2"), Of("-1/3"));
  EXPECT_GT(Of("-1/3"), Of("-1/2"));
}

// Small enough that everything fits, so cross products decide.
TEST(Rational, AgreesWithCrossMultiplication) {
  EXPECT_TRUE(rc::check([](int32_t a, int32_t c) {
    const auto b = *rc::gen::inRange<int64_t>(1, 100'000);
    const auto d = *rc::gen::inRange<int64_t>(1, 100'000);
    const Rational x = Rational::Of(a, b);
    const Rational y = Rational::Of(c, d);
    RC_ASSERT((x <=> y) == (a * d <=> c * b));
    RC_ASSERT(x + y == Rational::Of(a * d + c * b, b * d));
    RC_ASSERT(x * y == Rational::Of(int64_t{a} * c, b * d));
    RC_ASSERT(x + y - y == x);
    RC_ASSERT(Rational::Parse(x.ToString()).value() == x);
    RC_ASSERT(x.Round(Rounding::kHalfUp).value() == MulDiv(a, 1, b, Rounding::kHalfUp).value());
  }));
}

}  // namespace
}  // namespace joulebook
