#include "common/rpc/executor.h"

#include <utility>

namespace joulebook {

Executor::Executor(int threads, std::size_t max_queued, std::size_t max_queued_bytes)
    : max_queued_(max_queued), max_queued_bytes_(max_queued_bytes) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

Executor::~Executor() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

Executor::Taken Executor::TrySubmit(std::function<void()> work, std::size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= max_queued_) return Taken::kTooMany;
    if (!queue_.empty() && queued_bytes_ + bytes > max_queued_bytes_) return Taken::kTooManyBytes;
    queue_.push_back({std::move(work), bytes});
    queued_bytes_ += bytes;
  }
  wake_.notify_one();
  return Taken::kYes;
}

void Executor::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const Queued next = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= next.bytes;
    lock.unlock();
    next.work();
    lock.lock();
  }
}

}  // namespace joulebook
