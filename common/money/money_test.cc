#include <rapidcheck.h>

#include <limits>
#include <numeric>

#include "common/money/amount.h"
#include "common/money/arithmetic.h"
#include "common/money/decimal.h"
#include "common/testing/matchers.h"

namespace joulebook {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

TEST(AssetCode, TakesOneToTwelveUpperCaseLettersAndDigits) {
  for (const char* valid : {"J", "KWH", "USDT", "THB", "A1B2C3D4E5F6"}) {
    EXPECT_EQ(AssetCode(valid).view(), valid);
  }
  for (const char* invalid : {"", "j", "A B", "A1B2C3D4E5F6G", "É"}) {
    EXPECT_TRUE(AssetCode(invalid).empty()) << invalid;
  }
}

TEST(Amount, AddsAndSubtractsWithinOneAsset) {
  const Amount one{AssetCode("J"), 1};
  EXPECT_EQ(Add(one, {AssetCode("J"), 2})->minor, 3);
  EXPECT_EQ(Subtract(one, {AssetCode("J"), 2})->minor, -1);
  EXPECT_EQ(Add(one, {AssetCode("KWH"), 2}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Add(one, {AssetCode("J"), kMax}).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(Subtract({AssetCode("J"), kMin}, one).status().code(), absl::StatusCode::kOutOfRange);
}

TEST(MulDiv, RoundsAsNamed) {
  struct Case {
    int64_t a, b, c, floor, ceiling, half_up, half_even;
  };
  const Case cases[] = {
      {7, 1, 2, 3, 4, 4, 4},
      {5, 1, 2, 2, 3, 3, 2},
      {-7, 1, 2, -4, -3, -3, -4},
      {-5, 1, 2, -3, -2, -2, -2},
      {5, 1, -2, -3, -2, -2, -2},
      {6, 1, 3, 2, 2, 2, 2},
      {kMax, kMax, kMax, kMax, kMax, kMax, kMax},
      {1, 1, 3, 0, 1, 0, 0},
      {2, 1, 3, 0, 1, 1, 1},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(*MulDiv(c.a, c.b, c.c, Rounding::kFloor), c.floor) << c.a << "/" << c.c;
    EXPECT_EQ(*MulDiv(c.a, c.b, c.c, Rounding::kCeiling), c.ceiling) << c.a << "/" << c.c;
    EXPECT_EQ(*MulDiv(c.a, c.b, c.c, Rounding::kHalfUp), c.half_up) << c.a << "/" << c.c;
    EXPECT_EQ(*MulDiv(c.a, c.b, c.c, Rounding::kHalfEven), c.half_even) << c.a << "/" << c.c;
  }
}

TEST(MulDiv, RefusesZeroDivisorAndOverflow) {
  EXPECT_EQ(MulDiv(1, 1, 0, Rounding::kFloor).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MulDiv(kMax, 2, 1, Rounding::kFloor).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(MulDiv(kMin, 1, -1, Rounding::kFloor).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(*MulDiv(kMin, 1, 1, Rounding::kFloor), kMin);
}

TEST(SplitByLargestRemainder, GivesTheRevenueSharesOfTheFacts) {
  const int64_t weights[] = {40, 30, 20, 10};
  EXPECT_EQ(*SplitByLargestRemainder(1003, weights), (std::vector<int64_t>{401, 301, 201, 100}));
  EXPECT_EQ(*SplitByLargestRemainder(2, weights), (std::vector<int64_t>{1, 1, 0, 0}));
  EXPECT_EQ(*SplitByLargestRemainder(0, weights), (std::vector<int64_t>{0, 0, 0, 0}));
}

TEST(SplitByLargestRemainder, RefusesNonsense) {
  const int64_t none[] = {0, 0};
  const int64_t negative[] = {1, -1};
  const int64_t huge[] = {kMax, 1};
  EXPECT_EQ(SplitByLargestRemainder(1, none).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(SplitByLargestRemainder(1, {}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(SplitByLargestRemainder(1, negative).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(SplitByLargestRemainder(-1, huge).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(SplitByLargestRemainder(1, huge).status().code(), absl::StatusCode::kOutOfRange);
}

TEST(SplitByLargestRemainder, AlwaysSumsToTheWholeWithinOneUnitOfTheExactShare) {
  EXPECT_TRUE(rc::check([](uint32_t total, std::vector<uint16_t> raw) {
    std::vector<int64_t> weights(raw.begin(), raw.end());
    weights.push_back(1);
    const int64_t weight_sum = std::accumulate(weights.begin(), weights.end(), int64_t{0});

    const auto parts = SplitByLargestRemainder(total, weights);

    RC_ASSERT(parts.ok());
    RC_ASSERT(std::accumulate(parts->begin(), parts->end(), int64_t{0}) == int64_t{total});
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const auto floor = MulDiv(total, weights[i], weight_sum, Rounding::kFloor);
      RC_ASSERT((*parts)[i] == *floor || (*parts)[i] == *floor + 1);
    }
  }));
}

TEST(Decimal, FormatsAllDecimals) {
  EXPECT_EQ(FormatDecimal(12'500'000, 6), "12.500000");
  EXPECT_EQ(FormatDecimal(-1, 6), "-0.000001");
  EXPECT_EQ(FormatDecimal(0, 2), "0.00");
  EXPECT_EQ(FormatDecimal(42, 0), "42");
  EXPECT_EQ(FormatDecimal(kMin, 6), "-9223372036854.775808");
}

TEST(Decimal, ParsesExactlyOrRefuses) {
  EXPECT_EQ(*ParseDecimal("12.5", 6), 12'500'000);
  EXPECT_EQ(*ParseDecimal("-0.000001", 6), -1);
  EXPECT_EQ(*ParseDecimal("-9223372036854.775808", 6), kMin);
  EXPECT_EQ(*ParseDecimal("9223372036854.775807", 6), kMax);
  EXPECT_EQ(ParseDecimal("9223372036854.775808", 6).status().code(), absl::StatusCode::kOutOfRange);
  for (const char* bad : {"", "-", ".", "1.", ".5", "+1", "1e3", " 1", "1 ", "1,0", "0x1", "1.2.3",
                          "--1", "1.0000001", "NaN", "99999999999999999999999999999x"}) {
    EXPECT_EQ(ParseDecimal(bad, 6).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

TEST(Decimal, EveryAmountComesBack) {
  EXPECT_TRUE(rc::check([](int64_t minor) {
    const int scale = *rc::gen::inRange(0, 19);
    RC_ASSERT(*ParseDecimal(FormatDecimal(minor, scale), scale) == minor);
  }));
}

}  // namespace
}  // namespace joulebook
