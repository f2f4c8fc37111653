// Time as an argument: whoever needs the time takes a Clock, so that a test can say what it is.
#pragma once

#include <chrono>

namespace joulebook {

// UTC instants and spans, whole microseconds.
using Duration = std::chrono::microseconds;
using Time = std::chrono::sys_time<Duration>;

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall-clock time, UTC.
  virtual Time Now() = 0;
  // Time since an arbitrary start that never goes back; for measuring spans.
  virtual Duration MonotonicNow() = 0;
};

// The machine's clocks.
class SystemClock final : public Clock {
 public:
  Time Now() override;
  Duration MonotonicNow() override;
};

}  // namespace joulebook
