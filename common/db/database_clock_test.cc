#include "common/db/database_clock.h"

#include "common/testing/matchers.h"
#include "common/testing/postgres.h"

namespace joulebook {
namespace {

constexpr Duration kSecond = std::chrono::seconds(1);
constexpr Duration kMs = std::chrono::milliseconds(1);

// A machine whose two clocks are set by the test.
class Machine final : public Clock {
 public:
  Time Now() override { return wall; }
  Duration MonotonicNow() override { return monotonic; }
  void Pass(Duration time) {
    wall += time;
    monotonic += time;
  }

  Time wall{1'000'000 * kSecond};
  Duration monotonic = 50 * kSecond;
};

class DatabaseClockTest : public testing::Test {
 protected:
  // A reading that took `round_trip` and comes now, when it is `time` at the database.
  void Read(Time time, Duration round_trip) {
    clock_.Learn(machine_.monotonic - round_trip, time - round_trip / 2, machine_.monotonic);
  }
  Duration Skew() {
    const auto skew = clock_.Skew();
    EXPECT_THAT(skew, IsOk());
    return skew.value_or(Duration(-1));
  }

  Machine machine_;
  DatabaseClock clock_{machine_};
};

TEST_F(DatabaseClockTest, IsTheMachinesUntilTheDatabaseWasRead) {
  EXPECT_EQ(clock_.Now(), machine_.wall);
  EXPECT_EQ(clock_.Skew().status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(DatabaseClockTest, FollowsTheDatabaseWhateverTheMachinesClockSays) {
  const Time time = machine_.wall - 3'600 * kSecond;
  Read(time, 2 * kMs);
  machine_.Pass(5 * kSecond);
  EXPECT_EQ(clock_.Now(), time + 5 * kSecond);
  machine_.wall += 86'400 * kSecond;
  EXPECT_EQ(clock_.Now(), time + 5 * kSecond);
}

TEST_F(DatabaseClockTest, ASkewIsNoMoreThanTheRoundTripLeavesOpen) {
  Read(machine_.wall - 100 * kMs, 40 * kMs);
  EXPECT_EQ(Skew(), 80 * kMs);
  machine_.wall -= 200 * kMs;
  EXPECT_EQ(Skew(), -80 * kMs);
  machine_.wall += 90 * kMs;
  EXPECT_EQ(Skew(), Duration(0));
  machine_.wall += 10 * kMs;
  machine_.Pass(5 * kSecond);
  machine_.wall += 100 * kMs;
  EXPECT_EQ(Skew(), 100 * kMs - 20 * kMs - 5 * kMs) << "a thousandth of five seconds for drift";
}

TEST_F(DatabaseClockTest, ASlowReadingConfirmsAFastOneAndDoesNotReplaceIt) {
  Read(machine_.wall, kMs);
  machine_.Pass(9 * kSecond);
  Read(machine_.wall + 300 * kMs, 900 * kMs);
  EXPECT_EQ(clock_.Now(), machine_.wall);
  machine_.Pass(9 * kSecond);
  EXPECT_THAT(clock_.Skew(), IsOk());
}

TEST_F(DatabaseClockTest, AReadingThatContradictsTheLastReplacesIt) {
  Read(machine_.wall, kMs);
  machine_.Pass(kSecond);
  Read(machine_.wall + 3'600 * kSecond, 900 * kMs);
  EXPECT_EQ(clock_.Now(), machine_.wall + 3'600 * kSecond);
}

TEST_F(DatabaseClockTest, AnOldReadingSaysNothing) {
  Read(machine_.wall, kMs);
  machine_.Pass(11 * kSecond);
  EXPECT_EQ(clock_.Skew().status().code(), absl::StatusCode::kUnavailable);
  Read(machine_.wall, kMs);
  EXPECT_EQ(Skew(), Duration(0));
}

// Its monotonic clock stood still, so all that it knows of the database's time is late.
TEST_F(DatabaseClockTest, AMachineThatWasSuspendedIsSkewed) {
  Read(machine_.wall, kMs);
  machine_.wall += 600 * kSecond;
  EXPECT_GT(Skew(), 599 * kSecond);
}

TEST_F(DatabaseClockTest, ReadsPostgres) {
  SystemClock system;
  DatabaseClock clock(system);
  Pool pool({MakeTestDatabase(), 1});
  ASSERT_THAT(clock.Refresh(pool), IsOk());
  EXPECT_LT(std::chrono::abs(clock.Now() - system.Now()), kSecond) << "one machine, one clock";
  EXPECT_THAT(clock.Skew(), IsOk());
  Pool nowhere({"host=/nowhere", 1});
  EXPECT_EQ(clock.Refresh(nowhere).code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace joulebook
