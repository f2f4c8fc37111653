#include "common/time/timers.h"

#include <utility>

namespace joulebook {
namespace {

class ThreadHandle final : public Timers::Handle {
 public:
  ThreadHandle(Duration period, std::function<void()> work)
      : period_(period), work_(std::move(work)), thread_([this] { Run(); }) {}

  ~ThreadHandle() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

 private:
  void Run() {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, period_, [this] { return stopping_; })) {
      lock.unlock();
      work_();
      lock.lock();
    }
  }

  const Duration period_;
  const std::function<void()> work_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Timers::Handle> ThreadTimers::RunEvery(Duration period,
                                                       std::function<void()> work) {
  return std::make_unique<ThreadHandle>(period, std::move(work));
}

void ThreadSleeper::SleepFor(Duration duration) { std::this_thread::sleep_for(duration); }

}  // namespace joulebook
