#include <atomic>

#include "common/testing/matchers.h"
#include "common/testing/virtual_clock.h"
#include "common/time/clock.h"
#include "common/time/timers.h"
#include "common/time/zone_database.h"

namespace joulebook {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(SystemClock, MonotonicTimeNeverGoesBack) {
  SystemClock clock;
  Duration last = clock.MonotonicNow();
  for (int i = 0; i < 1000; ++i) {
    const Duration now = clock.MonotonicNow();
    ASSERT_GE(now, last);
    last = now;
  }
  EXPECT_GT(clock.Now(), Time(seconds(1'700'000'000)));
}

TEST(VirtualClock, MovesOnlyWhenTold) {
  VirtualClock clock;
  const Time start = clock.Now();
  EXPECT_EQ(clock.Now(), start);
  clock.Advance(seconds(3));
  EXPECT_EQ(clock.Now(), start + seconds(3));
}

TEST(VirtualClock, RunsTimersAtTheirTimesInOrder) {
  VirtualClock clock;
  const Time start = clock.Now();
  std::vector<std::pair<int, Duration>> calls;
  const auto slow = clock.RunEvery(seconds(2), [&] { calls.emplace_back(2, clock.Now() - start); });
  auto fast = clock.RunEvery(seconds(1), [&] { calls.emplace_back(1, clock.Now() - start); });

  clock.Advance(seconds(2));
  fast.reset();
  clock.Advance(seconds(2));

  const std::vector<std::pair<int, Duration>> expected = {
      {1, seconds(1)}, {2, seconds(2)}, {1, seconds(2)}, {2, seconds(4)}};
  EXPECT_EQ(calls, expected);
}

TEST(ThreadTimers, RepeatUntilTheHandleIsGone) {
  ThreadTimers timers;
  std::atomic<int> calls = 0;
  auto handle = timers.RunEvery(milliseconds(1), [&] { ++calls; });
  ThreadSleeper sleeper;
  while (calls < 3) sleeper.SleepFor(milliseconds(1));
  handle.reset();
  const int at_end = calls;
  sleeper.SleepFor(milliseconds(5));
  EXPECT_EQ(calls, at_end);
}

TEST(TimeZoneDatabase, SaysItsVersion) {
  const auto version = TimeZoneDatabaseVersion();
  ASSERT_TRUE(version.has_value());
  EXPECT_EQ(version->substr(0, 2), "20");
  ASSERT_EQ(setenv("TZDIR", "/nowhere", 1), 0);
  EXPECT_EQ(TimeZoneDatabaseVersion(), std::nullopt);
  ASSERT_EQ(unsetenv("TZDIR"), 0);
}

}  // namespace
}  // namespace joulebook
