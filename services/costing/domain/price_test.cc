#include "services/costing/domain/price.h"

#include <rapidcheck.h>

#include <algorithm>
#include <limits>

#include "common/testing/matchers.h"
#include "services/costing/domain/operations.h"
#include "services/costing/domain/revenue.h"
#include "services/costing/domain/tariff_fixture.h"
#include "services/costing/domain/usage_fixture.h"

namespace joulebook::costing {
namespace {

using Parts = std::array<int64_t, kParts>;

constexpr int64_t kMegabyte = 1 << 20;
constexpr int64_t kDay = 86'400;
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

int32_t Operation(std::string_view name) {
  return static_cast<int32_t>(std::find(kOperationNames.begin(), kOperationNames.end(), name) -
                              kOperationNames.begin());
}

// A Monday, 03:00 in Bangkok.
constexpr Time kQuiet =
    Time(std::chrono::sys_days(std::chrono::year(2026) / 1 / 4)) + std::chrono::hours(20);

Usage Store() {
  return {.operation = Operation("BLOCK_STORE"),
          .size_bytes = kMegabyte,
          .duration_s = 30 * kDay,
          .copies = 3,
          .at = kQuiet};
}

Rational Of(const char* text) { return Rational::Parse(text).value(); }

Bill PriceOf(const Tariff& tariff, const Usage& usage) { return Price(tariff, usage).value(); }

// The source's worked examples, with what its constants really come to.
TEST(Price, OfTheWorkedExamples) {
  const Tariff constants = Patched();
  const Tariff block_table = ParsePatched("block_table", "{}").value().tariff;
  Usage retrieve = Store();
  retrieve.operation = Operation("BLOCK_RETRIEVE");
  Usage encrypt = Store();
  encrypt.operation = Operation("ENCRYPT_MULTI");
  encrypt.nodes = 5;
  Usage best = Store();
  best.reputation_ppm = 1'000'000;

  // 1 024 KB hashed; 30/1 024 GB-days x 0.5 x (1 + 0.8 x 2) = 0.0380859375 J; 3 MB moved; 16 bits.
  EXPECT_EQ(PriceOf(constants, Store()).parts, (Parts{1'024'000, 38'086, 30'000, 1'600'000}));
  EXPECT_EQ(PriceOf(constants, Store()).total, 2'692'086);
  EXPECT_EQ(PriceOf(constants, Store()).residues[1], Of("-0.0625"));
  EXPECT_EQ(PriceOf(constants, best).parts, (Parts{1'024'000, 38'086, 30'000, 800'000}));
  EXPECT_EQ(PriceOf(block_table, Store()).parts, (Parts{1'024'000, 39'000'000, 30'000, 1'600'000}));
  EXPECT_EQ(PriceOf(constants, retrieve).parts, (Parts{3'000, 0, 10'000, 1'600'000}));
  EXPECT_EQ(PriceOf(constants, encrypt).parts, (Parts{2'058'000, 0, 0, 1'600'000}));
}

TEST(Price, OfDurabilityAndCopies) {
  const Tariff tariff = Patched();
  const std::pair<Durability, int64_t> classes[] = {{Durability::kHot, 1'000'000},
                                                    {Durability::kWarm, 500'000},
                                                    {Durability::kCold, 250'000},
                                                    {Durability::kFrozen, 125'000}};
  Usage usage = Store();
  usage.size_bytes = 1 << 30;
  usage.duration_s = kDay;
  usage.copies = 1;
  for (const auto& [durability, storage] : classes) {
    usage.durability = durability;
    EXPECT_EQ(PriceOf(tariff, usage).parts[1], storage);
  }
  usage.durability = Durability::kWarm;
  const int64_t tenths[] = {10, 18, 26, 34, 42, 50, 58};
  for (int32_t copies = 1; copies <= 7; ++copies) {
    usage.copies = copies;
    EXPECT_EQ(PriceOf(tariff, usage).parts[1], 50'000 * tenths[copies - 1]) << copies;
  }
}

// The formulas of the source's network operations.
TEST(Price, OfSearchAnnouncementAndBatch) {
  const Tariff tariff = Patched();
  Usage search{.operation = Operation("NODE_SEARCH"),
               .nodes = 20,
               .results = 100,
               .timeout_ms = 2'500,
               .at = kQuiet};
  // 0.003 + 20 x 0.0001 + 2.5 x 0.001 + 100 x 0.0001
  EXPECT_EQ(PriceOf(tariff, search).parts, (Parts{3'000, 0, 14'500, 1'600'000}));

  // 0.005 + 50 x 0.0001 x 1.2 x (1 - 0.5 x 0.8): the base is not scaled.
  Usage announce{.operation = Operation("NODE_ANNOUNCEMENT"),
                 .nodes = 50,
                 .reliability_ppm = 800'000,
                 .at = kQuiet};
  EXPECT_EQ(PriceOf(tariff, announce).parts, (Parts{5'000, 0, 3'600, 0}));

  // 100 x 0.003 x (1 - 0.1) x 1.5
  Usage batch{.operation = Operation("LOCATION_BATCH_UPDATE"),
              .count = 100,
              .priority = Priority::kHigh,
              .at = kQuiet};
  EXPECT_EQ(PriceOf(tariff, batch).parts, (Parts{405'000, 0, 0, 0}));
}

TEST(Price, ScalesStorageByUtility) {
  const Tariff tariff = Patched();
  Usage usage = Store();
  usage.size_bytes = 1 << 30;
  usage.duration_s = kDay;
  usage.copies = 1;
  const std::pair<int32_t, int64_t> cases[] = {{0, 1'000'000},
                                               {250'000, 812'500},
                                               {500'000, 625'000},
                                               {750'000, 437'500},
                                               {1'000'000, 250'000}};
  const Parts unscaled = PriceOf(tariff, usage).parts;
  for (const auto& [utility, storage] : cases) {
    usage.utility_ppm = utility;
    EXPECT_EQ(PriceOf(tariff, usage).parts,
              (Parts{unscaled[0], storage, unscaled[2], unscaled[3]}));
  }
}

TEST(Price, KnowsTheHourOfTheZone) {
  const auto at = [](int year, unsigned month, unsigned day, int hour, int minute, int second) {
    return Time(std::chrono::sys_days(std::chrono::year(year) / static_cast<int>(month) /
                                      static_cast<int>(day))) +
           std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
  };
  const auto is_peak = [](const Tariff& tariff, Time time) {
    Usage usage{.operation = Operation("RATE_MEMBER"), .at = time};
    return PriceOf(tariff, usage).parts[0] == 7'500;
  };
  const Tariff bangkok = Patched();  // UTC+7, weekdays 18:00 to 22:00
  EXPECT_FALSE(is_peak(bangkok, at(2026, 1, 5, 10, 59, 59)));
  EXPECT_TRUE(is_peak(bangkok, at(2026, 1, 5, 11, 0, 0)));
  EXPECT_TRUE(is_peak(bangkok, at(2026, 1, 5, 14, 59, 59)));
  EXPECT_FALSE(is_peak(bangkok, at(2026, 1, 5, 15, 0, 0)));
  EXPECT_TRUE(is_peak(bangkok, at(2026, 1, 9, 11, 0, 0)));    // Friday
  EXPECT_FALSE(is_peak(bangkok, at(2026, 1, 10, 11, 0, 0)));  // Saturday

  // Berlin's clocks go from 02:00 to 03:00 on 29 March, and from 03:00 to 02:00 on 25 October 2026.
  const Tariff berlin = Patched(R"({"time_of_use": {"zone": "Europe/Berlin", "windows": [
      {"name": "night", "weekdays": ["sun"], "from": "02:00", "to": "03:00", "factor": "1.5"},
      {"name": "evening", "weekdays": ["mon"], "from": "23:00", "to": "24:00", "factor": "1.5"}]}})");
  EXPECT_FALSE(is_peak(berlin, at(2026, 3, 29, 0, 59, 59)));
  EXPECT_FALSE(is_peak(berlin, at(2026, 3, 29, 1, 0, 0)));  // is 03:00: the hour is skipped
  EXPECT_TRUE(is_peak(berlin, at(2026, 10, 25, 0, 0, 0)));  // 02:00, and an hour later again
  EXPECT_TRUE(is_peak(berlin, at(2026, 10, 25, 1, 59, 59)));
  EXPECT_FALSE(is_peak(berlin, at(2026, 10, 25, 2, 0, 0)));
  EXPECT_TRUE(is_peak(berlin, at(2026, 1, 5, 22, 59, 59)));
  EXPECT_FALSE(is_peak(berlin, at(2026, 1, 5, 23, 0, 0)));  // Tuesday
}

TEST(Price, TakesDiscountsUpToTheCap) {
  const auto price = [](const std::string& discounts, std::vector<std::string> names) {
    const Tariff tariff = Patched(R"({"discounts": )" + discounts + "}");
    Usage usage{.operation = Operation("RATE_MEMBER"),  // 5 000 without
                .count = 2,
                .discounts = std::move(names),
                .at = kQuiet};
    return PriceOf(tariff, usage).parts[0];
  };
  const std::string shares = R"("batch": "0.1", "shares": {"provider": "0.2", "founder": "0.05"})";
  EXPECT_EQ(price("{" + shares + R"(, "cap": "0.5"})", {}), 9'000);
  EXPECT_EQ(price("{" + shares + R"(, "cap": "0.5"})", {"provider"}), 7'200);
  EXPECT_EQ(price("{" + shares + R"(, "cap": "0.5"})", {"founder", "provider"}), 6'840);
  EXPECT_EQ(price("{" + shares + R"(, "cap": "0.5", "stacking": "add"})", {"founder", "provider"}),
            6'500);
  EXPECT_EQ(price("{" + shares + R"(, "cap": "0.15"})", {"provider", "founder"}), 8'500);
  EXPECT_EQ(price(R"({"batch": "1", "cap": "1"})", {"provider"}), 2);  // the minimum, twice
}

TEST(TieredPrice, GoesByBands) {
  Rate rate{.tiering = Tiering::kGraduated,
            .tiers = {{Of("10"), Of("3")}, {Of("100"), Of("2")}, {std::nullopt, Of("1")}}};
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"0", "0", "0"},      {"9.5", "28.5", "28.5"}, {"10", "30", "20"},      {"11", "32", "22"},
      {"99", "208", "198"}, {"100", "210", "100"},   {"1000", "1110", "1000"}};
  for (const auto& [quantity, graduated, volume] : cases) {
    rate.tiering = Tiering::kGraduated;
    EXPECT_EQ(TieredPrice(rate, Of(quantity)), Of(graduated)) << quantity;
    rate.tiering = Tiering::kVolume;
    EXPECT_EQ(TieredPrice(rate, Of(quantity)), Of(volume)) << quantity;
  }
}

TEST(Price, HasAMinimum) {
  const Tariff tariff = Patched();
  const Bill bill =
      PriceOf(tariff, {.operation = Operation("WHITEN_BLOCK"), .size_bytes = 0, .at = kQuiet});
  EXPECT_EQ(bill.parts, (Parts{1, 0, 0, 1'600'000}));
  ASSERT_FALSE(bill.steps.empty());
  EXPECT_TRUE(std::any_of(bill.steps.begin(), bill.steps.end(), [](const Step& step) {
    return step.kind == Step::Kind::kTopUp && step.joules == Of("0.000001");
  }));
}

TEST(Price, RefusesWhatTheTariffDoesNotAllow) {
  const Tariff tariff = Patched();
  const auto refused = [&](const char* field, auto change) {
    Usage usage = Store();
    change(usage);
    const absl::Status status = Price(tariff, usage).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID")) << field;
    EXPECT_EQ(std::string(status.message()).find(field), 0U) << status.message();
  };
  refused("count", [](Usage& u) { u.count = 0; });
  refused("count", [](Usage& u) { u.count = 1'001; });
  refused("data_size_bytes", [](Usage& u) { u.size_bytes = -1; });
  refused("duration_s", [](Usage& u) { u.duration_s = -1; });
  refused("redundancy", [](Usage& u) { u.copies = 0; });
  refused("redundancy", [](Usage& u) { u.copies = 17; });
  refused("nodes", [](Usage& u) { u.nodes = 1'001; });
  refused("results", [](Usage& u) { u.results = 10'001; });
  refused("timeout_ms", [](Usage& u) { u.timeout_ms = 60'001; });
  refused("latency_ms", [](Usage& u) { u.latency_ms = -1; });
  refused("reputation_ppm", [](Usage& u) { u.reputation_ppm = 1'000'001; });
  refused("reliability_ppm", [](Usage& u) { u.reliability_ppm = -1; });
  refused("utility_ppm", [](Usage& u) { u.utility_ppm = -1; });
  refused("discounts[0] is not in the tariff", [](Usage& u) { u.discounts = {"friend"}; });
  refused("discounts[1] is named twice", [](Usage& u) { u.discounts = {"founder", "founder"}; });

  EXPECT_THAT(Price(tariff, {.operation = 0}).status(),
              StatusIs(absl::StatusCode::kNotFound, "OPERATION_NOT_PRICED"));
  Usage usage = Store();
  usage.size_bytes = kMax;
  usage.duration_s = kMax;
  EXPECT_THAT(Price(tariff, usage).status(),
              StatusIs(absl::StatusCode::kOutOfRange, "PRICE_OUT_OF_RANGE"));
}

// With any minimum charge, below what the use comes to and above it.
TEST(Price, SumsUpAndNeverFallsWithMoreUse) {
  Tariff tariff = Patched();
  EXPECT_TRUE(rc::check([&] {
    const Usage usage = DrawUsage(tariff);
    Rational& minimum = tariff.operations.at(usage.operation).minimum_joules;
    minimum = Rational();
    const int64_t half_units = *rc::gen::inRange<int64_t>(0, PriceOf(tariff, usage).total + 5);
    minimum = Rational::Of(half_units, 2'000'000 * usage.count);

    const Bill bill = PriceOf(tariff, usage);
    int64_t sum = 0;
    for (std::size_t part = 0; part < kParts; ++part) {
      RC_ASSERT(bill.parts[part] >= 0);
      RC_ASSERT(bill.residues[part] >= Of("-0.5") && bill.residues[part] < Of("0.5"));
      sum += bill.parts[part];
    }
    RC_ASSERT(sum == bill.total);
    RC_ASSERT(sum - bill.parts[3] >= half_units / 2);

    const auto not_cheaper = [&](auto change) {
      Usage more = usage;
      change(more);
      RC_ASSERT(PriceOf(tariff, more).total >= bill.total);
    };
    not_cheaper([](Usage& u) { u.size_bytes += 1'000; });
    not_cheaper([](Usage& u) { u.duration_s += 1'000; });
    not_cheaper([](Usage& u) { u.latency_ms += 50; });
    not_cheaper([](Usage& u) { u.copies = std::min(16, u.copies + 1); });
    not_cheaper([](Usage& u) { u.priority = Priority::kUrgent; });
    not_cheaper([](Usage& u) { u.complexity = Complexity::kComplex; });
    not_cheaper([](Usage& u) { u.reputation_ppm /= 2; });
    not_cheaper([](Usage& u) { u.discounts.clear(); });
  }));
}

// A holder of the bill can do it again by hand: each line follows from the one before.
TEST(Price, ExplainsItself) {
  const Tariff tariff = Patched();
  EXPECT_TRUE(rc::check([&] {
    const Bill bill = PriceOf(tariff, DrawUsage(tariff));
    std::array<Rational, kParts> joules;
    for (const Step& step : bill.steps) {
      Rational& part = joules[static_cast<std::size_t>(step.part)];
      switch (step.kind) {
        case Step::Kind::kTerm:
          part = part + step.amount * step.factor;
          break;
        case Step::Kind::kFactor:
          part = part * step.factor;
          break;
        case Step::Kind::kTopUp:
          RC_ASSERT(part < step.joules);
          part = step.joules;
          break;
      }
      RC_ASSERT(part == step.joules);
    }
    for (std::size_t part = 0; part < kParts; ++part) {
      RC_ASSERT((joules[part] * 1'000'000).Round(tariff.rounding).value() == bill.parts[part]);
    }
  }));
}

TEST(Price, IsTheSameWithoutSteps) {
  const Tariff tariff = Patched();
  EXPECT_TRUE(rc::check([&] {
    const Usage usage = DrawUsage(tariff);
    const auto bill = Price(tariff, usage);
    const auto totals = PriceWithoutSteps(tariff, usage);
    RC_ASSERT(bill.ok() && totals.ok());
    RC_ASSERT(totals->parts == bill->parts);
    RC_ASSERT(totals->total == bill->total);
  }));
}

TEST(Price, RisesWithCongestionButNotTheProofOfWork) {
  const Tariff tariff = Patched();
  Usage usage = Store();
  usage.congestion_ppm = 1'125'000;
  EXPECT_EQ(PriceOf(tariff, usage).parts, (Parts{1'152'000, 42'847, 33'750, 1'600'000}));
  for (const int64_t outside : {999'999, 8'000'001}) {
    usage.congestion_ppm = outside;
    EXPECT_THAT(Price(tariff, usage),
                StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
  }
}

// docs/reference/bill-by-hand.md
TEST(Price, IsThatOfTheBillDoneByHand) {
  Usage usage = Store();
  usage.size_bytes = 32'768;
  usage.reputation_ppm = 300'000;
  const Bill bill = PriceOf(Patched(), usage);
  EXPECT_EQ(bill.parts, (Parts{32'000, 1'190, 938, 1'900'000}));
  EXPECT_EQ(bill.total, 1'934'128);
  EXPECT_EQ(bill.residues[1], Of("0.185546875"));
  EXPECT_EQ(bill.residues[2], Of("-0.5"));
  const auto split =
      SplitRevenue(Patched(), 34'128, std::vector<int64_t>{1}, std::vector<int64_t>{1});
  EXPECT_EQ(split->creator, 13'651);
  EXPECT_EQ(split->storage[0], 10'238);
  EXPECT_EQ(split->network[0], 6'826);
  EXPECT_EQ(split->fund, 3'413);
}

}  // namespace
}  // namespace joulebook::costing
