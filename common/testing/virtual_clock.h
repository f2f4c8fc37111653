// A clock and timers that move only when a test says so.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "common/time/clock.h"
#include "common/time/timers.h"

namespace joulebook {

// Thread-safe. Timer work runs on the thread that calls Advance, in order of due time.
class VirtualClock final : public Clock, public Timers {
 public:
  explicit VirtualClock(Time start = Time(std::chrono::seconds(1'800'000'000))) : now_(start) {}

  Time Now() override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  Duration MonotonicNow() override { return Now().time_since_epoch(); }

  std::unique_ptr<Handle> RunEvery(Duration period, std::function<void()> work) override {
    auto entry = std::make_shared<Entry>(Entry{Now() + period, period, std::move(work)});
    const std::lock_guard lock(mutex_);
    entries_.push_back(entry);
    return std::make_unique<EntryHandle>(entry);
  }

  void Advance(Duration by) {
    const Time end = Now() + by;
    while (const std::shared_ptr<Entry> next = NextDue(end)) next->work();
    const std::lock_guard lock(mutex_);
    now_ = end;
  }

 private:
  struct Entry {
    Time due;
    Duration period;
    std::function<void()> work;
  };
  struct EntryHandle final : Handle {
    explicit EntryHandle(std::shared_ptr<Entry> e) : entry(std::move(e)) {}
    std::shared_ptr<Entry> entry;
  };

  // The earliest entry due by `end`, moved to its next period, with the clock moved to its time.
  // Entries whose handle is gone are dropped.
  std::shared_ptr<Entry> NextDue(Time end) {
    const std::lock_guard lock(mutex_);
    std::erase_if(entries_, [](const auto& entry) { return entry.use_count() == 1; });
    const auto it = std::min_element(entries_.begin(), entries_.end(),
                                     [](const auto& a, const auto& b) { return a->due < b->due; });
    if (it == entries_.end() || (*it)->due > end) return nullptr;
    now_ = std::max(now_, (*it)->due);
    (*it)->due += (*it)->period;
    return *it;
  }

  std::mutex mutex_;
  Time now_;
  std::vector<std::shared_ptr<Entry>> entries_;
};

}  // namespace joulebook
