// Threads for work that blocks (database reads), behind a bounded queue.
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
  Executor(int threads, std::size_t max_queued);
  ~Executor();

  // False, at once, when `max_queued` pieces of work wait already.
  bool TrySubmit(std::function<void()> work);

 private:
  void Run();

  const std::size_t max_queued_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace joulebook
