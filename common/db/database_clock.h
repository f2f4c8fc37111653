// The database's clock as seen from this machine. Replicas that decide by it agree on the time,
// whatever their machines' clocks say.
#pragma once

#include <atomic>
#include <mutex>

#include "common/db/pool.h"
#include "common/status/status.h"
#include "common/time/clock.h"

namespace joulebook {

// Keeps the distance between the database's clock and the monotonic clock of the machine, with a
// bound of its error: half of the round trip of the reading, and a thousandth of its age for drift.
// Thread-safe.
class DatabaseClock final : public Clock {
 public:
  // `machine` must outlive the clock.
  explicit DatabaseClock(Clock& machine) : machine_(machine) {}

  // The database's time; that of the machine before the first reading.
  Time Now() override;
  Duration MonotonicNow() override { return machine_.MonotonicNow(); }

  // Asks the database. Errors are those of Pool::Acquire, and UNAVAILABLE.
  absl::Status Refresh(Pool& pool);
  // Takes a reading: the database's clock said `time` at some moment from `sent` to `received` of
  // the monotonic clock. It replaces the one before if its error is smaller, or if both cannot be
  // true: then the database's clock was set.
  void Learn(Duration sent, Time time, Duration received);

  // By how much the machine's clock is ahead of the database's at least (negative: behind), 0 when
  // the readings' errors leave that open. UNAVAILABLE when no reading of the last 10 seconds says.
  absl::StatusOr<Duration> Skew();

 private:
  Duration ErrorAt(Duration now) const;

  Clock& machine_;
  std::mutex mutex_;
  // Written under the mutex, `zero_` first; read by Now without it.
  std::atomic<bool> is_known_ = false;
  std::atomic<Time> zero_;  // the database's time at 0 of the monotonic clock
  Duration error_{};        // at `taken_`
  Duration taken_{};        // when `zero_` was learnt
  Duration confirmed_{};    // when a reading last agreed with it
};

}  // namespace joulebook
