#include "services/costing/domain/revenue.h"

#include <rapidcheck.h>

#include <numeric>

#include "common/testing/matchers.h"
#include "services/costing/domain/tariff_fixture.h"

namespace joulebook::costing {
namespace {

int64_t Sum(const RevenueSplit& split) {
  const auto sum = [](const std::vector<int64_t>& parts) {
    return std::accumulate(parts.begin(), parts.end(), int64_t{0});
  };
  return split.creator + sum(split.storage) + sum(split.network) + split.fund;
}

TEST(SplitRevenue, FollowsTheSharesToTheMicroJoule) {
  const Tariff tariff = Patched();
  struct Case {
    int64_t amount, creator, storage, network, fund;
  };
  // Exact shares of 7 are 2.8, 2.1, 1.4, 0.7: the two missing go to the largest remainders.
  for (const Case& c :
       {Case{10, 4, 3, 2, 1}, Case{0, 0, 0, 0, 0}, Case{7, 3, 2, 1, 1}, Case{1, 1, 0, 0, 0},
        Case{15'832'000, 6'332'800, 4'749'600, 3'166'400, 1'583'200}}) {
    const auto split =
        SplitRevenue(tariff, c.amount, std::vector<int64_t>{1}, std::vector<int64_t>{5});
    ASSERT_THAT(split, IsOk());
    EXPECT_EQ(split->creator, c.creator);
    EXPECT_EQ(split->storage, std::vector<int64_t>{c.storage});
    EXPECT_EQ(split->network, std::vector<int64_t>{c.network});
    EXPECT_EQ(split->fund, c.fund);
  }
}

TEST(SplitRevenue, AlwaysSumsToTheAmount) {
  const Tariff tariff = Patched();
  EXPECT_TRUE(rc::check([&] {
    const auto amount = *rc::gen::inRange<int64_t>(0, std::numeric_limits<int64_t>::max());
    const auto weights = [] {
      return *rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(0, 1'000));
    };
    const auto storage = weights();
    const auto network = weights();
    const auto split = SplitRevenue(tariff, amount, storage, network);
    RC_ASSERT(split.ok());
    RC_ASSERT(split->storage.size() == storage.size());
    RC_ASSERT(Sum(*split) == amount);
  }));
}

TEST(SplitRevenue, GivesTheFundWhatNobodyHasAWeightFor) {
  const Tariff tariff = Patched();
  const auto split = SplitRevenue(tariff, 100, std::vector<int64_t>{0, 0}, {});
  EXPECT_EQ(split->storage, (std::vector<int64_t>{0, 0}));
  EXPECT_EQ(split->fund, 60);
  const auto thirds = SplitRevenue(tariff, 100, std::vector<int64_t>{1, 1, 1, 1}, {});
  EXPECT_EQ(thirds->storage, (std::vector<int64_t>{8, 8, 7, 7}));
  for (const auto& bad : {std::vector<int64_t>{-1, 2}, std::vector<int64_t>(1'001, 1),
                          std::vector<int64_t>(3, std::numeric_limits<int64_t>::max())}) {
    EXPECT_THAT(SplitRevenue(tariff, 100, bad, {}),
                StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
  }
  EXPECT_THAT(SplitRevenue(tariff, -1, {}, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
}

EarningClaim Claim(EarningSource source, int64_t units, int64_t first, int64_t second) {
  EarningClaim claim;
  claim.source = source;
  claim.units = units;
  claim.first_factor_ppm = first;
  claim.second_factor_ppm = second;
  claim.end = claim.start + std::chrono::days(1);
  return claim;
}

TEST(EarningAmount, IsBaseTimesUnitsTimesFactors) {
  const Tariff tariff = Patched();
  constexpr int64_t kGigabyteDay = (int64_t{1} << 30) * 86'400;
  const auto amount = [&](const EarningClaim& claim) { return *EarningAmount(tariff, claim); };
  EXPECT_EQ(amount(Claim(EarningSource::kStorage, kGigabyteDay, 1'000'000, 1'000'000)), 150'000);
  EXPECT_EQ(amount(Claim(EarningSource::kStorage, kGigabyteDay, 900'000, 500'000)), 67'500);
  EXPECT_EQ(amount(Claim(EarningSource::kNetwork, 3, 2'000'000, 1'000'000)), 12'000);
  EXPECT_EQ(amount(Claim(EarningSource::kGeographic, 43'200, 1'000'000, 1'000'001)), 500'001);
  EXPECT_EQ(amount(Claim(EarningSource::kGeographic, 43'200, 0, 1'000'000)), 0);
  EXPECT_THAT(EarningAmount(tariff, Claim(EarningSource::kNetwork, 1, 2'000'001, 0)),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
  EXPECT_THAT(EarningAmount(tariff, Claim(EarningSource::kNetwork, 1, 0, -1)),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
  const Tariff dear = Patched(R"({"earning": {"network": "1000000000"}})");
  EXPECT_THAT(EarningAmount(dear, Claim(EarningSource::kNetwork, 8'640'000'000, 1, 1'000'000)),
              IsOk());
  EXPECT_THAT(
      EarningAmount(dear, Claim(EarningSource::kNetwork, 86'400'000'000, 1'000'000, 1'000'000)),
      StatusIs(absl::StatusCode::kOutOfRange, "PRICE_OUT_OF_RANGE"));
}

// The field that is wrong in a claim that a client words, or nothing.
std::string WrongField(const absl::Status& status) {
  return status.ok() ? "" : GetErrorInfo(status)->metadata["field"];
}

TEST(EarningAmount, IsOfNoMoreThanThePeriodCanHold) {
  using enum EarningSource;
  const Tariff tariff = Patched();
  const Tariff small =
      Patched(R"({"earning": {"max_stored_bytes": 10, "max_operations_per_second": 2}})");
  const auto wrong = [](const Tariff& by, EarningSource source, Duration period, int64_t units) {
    EarningClaim claim = Claim(source, units, 1, 1);
    claim.end = claim.start + period;
    return WrongField(EarningAmount(by, claim).status());
  };
  constexpr Duration kHour = std::chrono::hours(1);
  constexpr int64_t kPebibyte = int64_t{1} << 50;
  EXPECT_EQ(wrong(tariff, kGeographic, kHour, 3'600), "");
  EXPECT_EQ(wrong(tariff, kGeographic, kHour, 3'601), "units");
  EXPECT_EQ(wrong(tariff, kGeographic, Duration(1), 1), "units");
  EXPECT_EQ(wrong(tariff, kStorage, kHour, 3'600 * kPebibyte), "");
  EXPECT_EQ(wrong(tariff, kStorage, kHour, 3'600 * kPebibyte + 1), "units");
  EXPECT_EQ(wrong(tariff, kNetwork, kHour, 3'600'000'000), "");
  EXPECT_EQ(wrong(tariff, kNetwork, kHour, 3'600'000'001), "units");
  EXPECT_EQ(wrong(small, kStorage, kHour, 36'001), "units");
  EXPECT_EQ(wrong(small, kNetwork, kHour, 7'201), "units");
  EXPECT_EQ(wrong(small, kGeographic, kHour, 3'600), "");
}

TEST(CheckClaim, AsksForAPeriodThatIsOver) {
  const Time now{std::chrono::days(2)};
  const auto wrong = [&](int64_t units, Duration from, Duration to) {
    EarningClaim claim = Claim(EarningSource::kNetwork, units, 1, 1);
    claim.start = now + from;
    claim.end = now + to;
    return WrongField(CheckClaim(claim, now));
  };
  EXPECT_EQ(wrong(1, Duration(-1), Duration(0)), "");
  EXPECT_EQ(wrong(1, Duration(-1), Duration(1)), "end_time");
  EXPECT_EQ(wrong(1, Duration(-1), Duration(-1)), "end_time");
  EXPECT_EQ(wrong(1, Duration(-1), Duration(-2)), "end_time");
  EXPECT_EQ(wrong(-1, Duration(-1), Duration(1)), "units");
}

TEST(EarningState, GoesForwardOnly) {
  using enum EarningState;
  const std::pair<EarningState, EarningState> allowed[] = {
      {kPending, kConfirmed}, {kPending, kRejected}, {kConfirmed, kPaid}};
  for (const EarningState from : {kPending, kConfirmed, kPaid, kRejected}) {
    for (const EarningState to : {kPending, kConfirmed, kPaid, kRejected}) {
      const bool is_allowed = from == to || std::find(std::begin(allowed), std::end(allowed),
                                                      std::pair(from, to)) != std::end(allowed);
      EXPECT_EQ(MayBecome(from, to), is_allowed);
    }
  }
}

TEST(SumEarnings, KeepsPendingApartAndLeavesOutRejected) {
  using enum EarningState;
  std::vector<EarningSum> earnings;
  for (const EarningState state : {kPending, kConfirmed, kPaid, kRejected}) {
    earnings.push_back({EarningSource::kNetwork, state, 10});
  }
  const auto sums = SumEarnings(earnings);
  EXPECT_EQ(sums->pending, 10);
  EXPECT_EQ(sums->earned, (std::array<int64_t, kEarningSources>{0, 20, 0}));
  earnings[1].amount = std::numeric_limits<int64_t>::max();
  EXPECT_THAT(SumEarnings(earnings), StatusIs(absl::StatusCode::kOutOfRange, "PRICE_OUT_OF_RANGE"));
}

}  // namespace
}  // namespace joulebook::costing
