#include "common/db/socket_watch.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace joulebook {
namespace {

// How long the watch sleeps when it watches nothing.
constexpr Duration kIdle = std::chrono::hours(1);

}  // namespace

SocketWatch::SocketWatch() : thread_([this] { Run(); }) {}

SocketWatch::~SocketWatch() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

SocketWatch::Guard SocketWatch::Watch(int socket, Duration longest) {
  const Watched watched{dup(socket), clock_.MonotonicNow() + longest};
  const std::lock_guard lock(mutex_);
  const bool is_first = std::ranges::none_of(
      watched_, [&](const auto& entry) { return entry.second.end <= watched.end; });
  watched_[++next_key_] = watched;
  if (is_first) changed_.notify_one();
  return Guard(*this, next_key_);
}

void SocketWatch::Limit(Duration longest) {
  const std::lock_guard lock(mutex_);
  const Duration end = clock_.MonotonicNow() + longest;
  for (auto& [key, watched] : watched_) watched.end = std::min(watched.end, end);
  changed_.notify_one();
}

void SocketWatch::Release(uint64_t key) {
  const std::lock_guard lock(mutex_);
  const auto released = watched_.find(key);
  close(released->second.socket);
  watched_.erase(released);
}

void SocketWatch::Run() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    const Duration now = clock_.MonotonicNow();
    Duration sleep = kIdle;
    for (auto& [key, watched] : watched_) {
      if (watched.end <= now) {
        shutdown(watched.socket, SHUT_RDWR);
        watched.end = now + kIdle;
      }
      sleep = std::min(sleep, watched.end - now);
    }
    changed_.wait_for(lock, sleep);
  }
}

}  // namespace joulebook
