// Whether the clocks agree so far that they may decide (ADR 0013).
#pragma once

#include "common/db/database_clock.h"

namespace joulebook::ledger {

// Thread-safe.
class ClockGuard {
 public:
  // `clock` must outlive the guard.
  ClockGuard(DatabaseClock& clock, Duration max_skew) : clock_(clock), max_skew_(max_skew) {}

  // UNAVAILABLE, CLOCK_SKEWED, when this machine's clock and the database's are further apart than
  // the limit, or the book's last time is further ahead of the database's. UNAVAILABLE when the
  // database's time is not known.
  absl::Status Check(Time last_recorded) const;

  // See DatabaseClock::Learn.
  void Learn(Duration sent, Time time, Duration received) { clock_.Learn(sent, time, received); }

 private:
  DatabaseClock& clock_;
  const Duration max_skew_;
};

}  // namespace joulebook::ledger
