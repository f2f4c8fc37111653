// Threads for work that blocks (the database), behind a queue that is bounded in number and bytes.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace joulebook {

// Thread-safe. Work that was accepted runs, also when the executor is being destroyed.
class Executor {
 public:
  // Four of the largest messages, as the services come.
  static constexpr std::size_t kMaxQueuedBytes = std::size_t{64} * 1024 * 1024;
  enum class Taken { kYes, kTooMany, kTooManyBytes };

  Executor(int threads, std::size_t max_queued, std::size_t max_queued_bytes = kMaxQueuedBytes);
  ~Executor();

  // Takes work whose request is `bytes` long, or says at once which limit it meets: `max_queued`
  // pieces of work wait already, or the requests that wait would pass `max_queued_bytes`. A request
  // of any size may wait alone.
  Taken TrySubmit(std::function<void()> work, std::size_t bytes);

  std::size_t max_queued_bytes() const { return max_queued_bytes_; }

 private:
  struct Queued {
    std::function<void()> work;
    std::size_t bytes = 0;
  };
  void Run();

  const std::size_t max_queued_;
  const std::size_t max_queued_bytes_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Queued> queue_;
  std::size_t queued_bytes_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace joulebook
