#include "services/costing/domain/session.h"

#include <rapidcheck.h>

#include <algorithm>
#include <limits>

#include "common/testing/matchers.h"
#include "services/costing/domain/afford.h"
#include "services/costing/domain/tariff_diff.h"
#include "services/costing/domain/tariff_fixture.h"
#include "services/costing/domain/usage_fixture.h"

namespace joulebook::costing {
namespace {

constexpr Time kMonday = Time(std::chrono::sys_days(std::chrono::year(2026) / 1 / 5));

// Cuts a session of any tariff anywhere. At each cut exactly that is paid which a quote for what
// was used till then would have cost, part by part: no session is cheaper than a quote, closed or
// not.
TEST(Session, InsteadOfAQuoteNeverCostsLess) {
  EXPECT_TRUE(rc::check([&] {
    const Tariff tariff = DrawTariff();
    Usage usage = DrawUsage(tariff);
    usage.count = 1;
    const auto unit = static_cast<MeteredUnit>(*rc::gen::inRange(1, 4));
    auto cuts =
        *rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(0, tariff.max_results));
    std::sort(cuts.begin(), cuts.end());
    PriceTotals paid;
    int64_t from = 0;
    for (std::size_t i = 0; i < cuts.size(); ++i) {
      const auto slice = SlicePrice(tariff, usage, unit, from, cuts[i], i == 0);
      RC_ASSERT(slice.ok());
      RC_ASSERT(slice->total >= 0);
      RC_ASSERT(slice->parts[3] >= 0);
      int64_t sum = 0;
      for (std::size_t part = 0; part < kParts; ++part) {
        sum += slice->parts[part];
        paid.parts[part] += slice->parts[part];
      }
      RC_ASSERT(sum == slice->total);
      paid.total += slice->total;
      RC_ASSERT(paid == PriceWithoutSteps(tariff, WithUnits(usage, unit, cuts[i])).value());
      from = cuts[i];
    }
  }));
}

// Retrieving costs 3 000 for the verification, 10 000 for a megabyte and 1 600 000 for the trust;
// the first three are together at least a joule.
TEST(Session, PaysTheMinimumChargeFirstAndThenWorksItOff) {
  const Tariff tariff = Patched(R"({"operations": {"BLOCK_RETRIEVE": {"minimum_joules": "1"}}})");
  const Usage usage{.operation = 2, .at = kMonday};
  const auto slice = [&](int64_t from, int64_t to) {
    constexpr int64_t kMegabyte = 1 << 20;
    return SlicePrice(tariff, usage, MeteredUnit::kBytes, from * kMegabyte, to * kMegabyte,
                      from == 0)
        .value();
  };
  EXPECT_EQ(slice(0, 0).total, 2'600'000);
  EXPECT_EQ(slice(0, 1), (PriceTotals{{990'000, 0, 10'000, 1'600'000}, 2'600'000}));
  EXPECT_EQ(slice(1, 2), (PriceTotals{{-10'000, 0, 10'000, 0}, 0}));
  EXPECT_EQ(slice(2, 100), (PriceTotals{{-977'000, 0, 980'000, 0}, 3'000}));
  EXPECT_EQ(slice(100, 101), (PriceTotals{{0, 0, 10'000, 0}, 10'000}));
}

TEST(Session, ATariffChangeCostsFixedPartsOnce) {
  const Tariff before = Patched();
  const Tariff after = Patched(
      R"({"rates": {"bandwidth": {"tiers": [{"joules": "0.02"}]}, "verify": {"tiers": [{"joules": "5"}]}}})");
  const Usage usage{.operation = 2, .at = kMonday};  // BLOCK_RETRIEVE
  constexpr int64_t kMegabyte = 1 << 20;
  const auto slice = [&](const Tariff& tariff, int64_t from, int64_t to, bool is_first) {
    return SlicePrice(tariff, usage, MeteredUnit::kBytes, from * kMegabyte, to * kMegabyte,
                      is_first)
        ->total;
  };
  EXPECT_EQ(slice(before, 0, 10, true), 3'000 + 100'000 + 1'600'000);
  EXPECT_EQ(slice(before, 10, 15, false), 50'000);
  EXPECT_EQ(slice(after, 15, 20, false), 100'000);  // no second verification, no second proof
}

TEST(Session, NeedsAPriceThatRises) {
  const Tariff tariff = Patched();
  EXPECT_THAT(CheckMeterable(tariff, {.operation = 2}), IsOk());
  EXPECT_THAT(CheckMeterable(tariff, {.operation = 2, .count = 2}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "NOT_METERABLE"));
  const Tariff volume = Patched(R"({"rates": {"bandwidth": {"tiering": "volume"}}})");
  EXPECT_THAT(CheckMeterable(volume, {.operation = 2}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "NOT_METERABLE"));
  EXPECT_THAT(CheckMeterable(tariff, {.operation = 99}),
              StatusIs(absl::StatusCode::kNotFound, "OPERATION_NOT_PRICED"));
}

// Bangkok is seven hours ahead: the window is 11:00 to 15:00 UTC on weekdays.
TEST(Session, GrantsEndWhereATimeWindowDoes) {
  const Tariff tariff = Patched();
  using std::chrono::hours;
  EXPECT_EQ(NextWindowEdge(tariff, kMonday), kMonday + hours(11));
  EXPECT_EQ(NextWindowEdge(tariff, kMonday + hours(11)), kMonday + hours(15));
  EXPECT_EQ(NextWindowEdge(tariff, kMonday + hours(15)), kMonday + hours(35));
  const Tariff without = Patched(R"({"time_of_use": {"windows": []}})");
  EXPECT_EQ(NextWindowEdge(without, kMonday), kMonday + hours(7 * 24));
}

TEST(Affordable, IsTheMostThatFits) {
  const Tariff tariff = Patched();
  EXPECT_TRUE(rc::check([&] {
    Usage usage = DrawUsage(tariff);
    const int64_t available = *rc::gen::inRange<int64_t>(0, int64_t{1} << *rc::gen::inRange(1, 50));
    const auto affordable = MostAffordable(tariff, usage, available);
    RC_ASSERT(affordable.ok());
    const auto total_of = [&](int64_t count) {
      usage.count = count;
      return PriceWithoutSteps(tariff, usage)->total;
    };
    const int64_t units = affordable->units;
    if (units > 0) RC_ASSERT(total_of(units) <= available);
    if (units < tariff.max_batch) {
      RC_ASSERT(total_of(units + 1) == affordable->next_total);
      RC_ASSERT(affordable->next_total > available || units == 0);
    }
  }));
}

TEST(Affordable, SeesThatTwoMayCostLessThanOne) {
  const Tariff tariff = Patched(R"({"discounts": {"batch": "0.6", "cap": "0.6"}})");
  const Usage usage{.operation = 39 + 2, .size_bytes = 1 << 20, .at = kMonday};
  const int64_t one = PriceWithoutSteps(tariff, usage)->total;
  EXPECT_EQ(MostAffordable(tariff, usage, one - 1)->units, 2);
  EXPECT_THAT(MostAffordable(tariff, usage, -1),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
}

// One fits 63 bits, two do not: what is affordable is answered all the same.
TEST(MostAffordable, SaysNoNextTotalThatDoesNotFit) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const Tariff tariff = Patched();
  const Usage usage{.operation = 4, .size_bytes = kMost};
  const auto affordable = MostAffordable(tariff, usage, kMost);
  ASSERT_THAT(affordable, IsOk());
  EXPECT_EQ(affordable->units, 1);
  EXPECT_EQ(affordable->next_total, 0);
}

TEST(JudgeCost, NamesTheFirstThatIsWrong) {
  const PriceTotals right{{1, 2, 3, 4}, 10};
  EXPECT_EQ(JudgeCost(right, right, 10), CostVerdict::kOk);
  EXPECT_EQ(JudgeCost(right, right, 9), CostVerdict::kNotAffordable);
  EXPECT_EQ(JudgeCost({{1, 2, 4, 3}, 10}, right, 9), CostVerdict::kPriceWrong);
  EXPECT_EQ(JudgeCost({{1, 2, 3, 4}, 11}, right, 9), CostVerdict::kSumWrong);
  EXPECT_EQ(JudgeCost({{-1, 2, 3, 4}, 11}, right, 9), CostVerdict::kPartNegative);
}

TEST(DiffTariffs, NamesEachPlace) {
  const auto text = [](const std::string& patch) {
    return ParsePatched("constants", patch)->canonical;
  };
  EXPECT_TRUE(DiffTariffs(text("{}"), text("{}"))->empty());
  using D = TariffDifference;
  EXPECT_EQ(*DiffTariffs(text("{}"), text(R"({"version": 2, "rates": {"hash": {"tiers":
          [{"up_to": "5", "joules": "0.001"}, {"joules": "0.5"}]}, "storage": {"tiers": [{"joules": "1"}]}},
          "discounts": {"shares": {"provider": null}}})")),
            (std::vector<D>{D{"discounts.shares.provider", "\"0.2\"", ""},
                            D{"rates.hash.tiers[0].up_to", "", "\"5\""},
                            D{"rates.hash.tiers[1]", "", R"({"joules":"0.5"})"},
                            D{"rates.storage.tiers[0].joules", "\"0.5\"", "\"1\""},
                            D{"version", "1", "2"}}));
  EXPECT_FALSE(DiffTariffs("{", "{}").ok());
}

}  // namespace
}  // namespace joulebook::costing
