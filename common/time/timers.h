// Recurring work as an argument, beside Clock.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/time/clock.h"

namespace joulebook {

// Thread-safe.
class Timers {
 public:
  // Ends the recurrence when destroyed; waits for a call in progress.
  class Handle {
   public:
    virtual ~Handle() = default;
  };

  virtual ~Timers() = default;

  // Calls `work` every `period` (above 0), the first time after one period. Calls of one handle
  // never overlap; a period missed because the work took longer is skipped.
  virtual std::unique_ptr<Handle> RunEvery(Duration period, std::function<void()> work) = 0;
};

// One thread per handle.
class ThreadTimers final : public Timers {
 public:
  std::unique_ptr<Handle> RunEvery(Duration period, std::function<void()> work) override;
};

// Blocks the calling thread; for back-off between attempts.
class Sleeper {
 public:
  virtual ~Sleeper() = default;
  virtual void SleepFor(Duration duration) = 0;
};

class ThreadSleeper final : public Sleeper {
 public:
  void SleepFor(Duration duration) override;
};

}  // namespace joulebook
