#include "services/costing/domain/congestion.h"

#include <rapidcheck.h>

#include "common/testing/matchers.h"
#include "services/costing/domain/tariff_fixture.h"

namespace joulebook::costing {
namespace {

constexpr int64_t kMillion = 1'000'000;

TEST(Congestion, StepsAreBoundedAndStayBetweenFloorAndCeiling) {
  const CongestionRule rule = Patched().congestion;
  const CongestionClass& searches = rule.classes.at(1);
  ASSERT_EQ(searches.name, "searches");
  const auto next = [&](int64_t factor, int64_t demand) {
    return NextFactor(rule, searches, factor, demand).value();
  };
  EXPECT_EQ(next(kMillion, 10'000), kMillion);              // at the target
  EXPECT_EQ(next(kMillion, 20'000), 1'125'000);             // twice: an eighth more
  EXPECT_EQ(next(kMillion, 1'000'000'000'000), 1'125'000);  // and never more than that
  EXPECT_EQ(next(kMillion, 15'000), 1'062'500);
  EXPECT_EQ(next(2 * kMillion, 0), 1'750'000);  // nobody: an eighth less
  EXPECT_EQ(next(2 * kMillion, 5'000), 1'875'000);
  EXPECT_EQ(next(kMillion, 0), kMillion);            // the floor is what it costs
  EXPECT_EQ(next(7'900'000, 20'000), 8 * kMillion);  // the ceiling
}

TEST(Congestion, IsReplayedFromItsReports) {
  const CongestionRule rule = Patched().congestion;
  EXPECT_TRUE(rc::check([&] {
    const auto demands =
        *rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(0, 40'000));
    int64_t factor = kMillion;
    for (const int64_t demand : demands) {
      const int64_t before = factor;
      factor = NextFactor(rule, rule.classes[0], before, demand).value();
      RC_ASSERT(factor >= rule.floor_ppm && factor <= rule.ceiling_ppm);
      RC_ASSERT(factor <= before + (before + 7) / 8 && factor >= before - (before + 7) / 8);
      if (demand > rule.classes[0].target) RC_ASSERT(factor >= before);
      if (demand < rule.classes[0].target) RC_ASSERT(factor <= before);
    }
  }));
}

TEST(Congestion, PeriodsAreHalfOpen) {
  const CongestionRule rule{.period_s = 3'600};
  EXPECT_EQ(PeriodOf(rule, Time(std::chrono::hours(1)) - Duration(1)), 0);
  EXPECT_EQ(PeriodOf(rule, Time(std::chrono::hours(1))), 1);
}

}  // namespace
}  // namespace joulebook::costing
