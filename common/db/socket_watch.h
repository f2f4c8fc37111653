// Ends the wait for a peer that is silent: a blocking library reads from a socket for ever when the
// peer's process is stopped, because the peer's kernel goes on acknowledging.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "common/time/clock.h"

namespace joulebook {

// Shuts down each watched socket whose time is over: the thread that reads from it sees the end of
// the connection. Thread-safe. Must outlive its guards.
class SocketWatch {
 public:
  // The socket is watched while its guard lives.
  class Guard {
   public:
    Guard(SocketWatch& watch, uint64_t key) : watch_(&watch), key_(key) {}
    Guard(Guard&& other) noexcept : watch_(std::exchange(other.watch_, nullptr)), key_(other.key_) {}
    Guard& operator=(Guard&&) = delete;
    ~Guard() {
      if (watch_ != nullptr) watch_->Release(key_);
    }

   private:
    SocketWatch* watch_;
    uint64_t key_;
  };

  SocketWatch();
  ~SocketWatch();

  // From now on `socket` has `longest`.
  [[nodiscard]] Guard Watch(int socket, Duration longest);

  // From now on no socket that is watched has more than `longest`.
  void Limit(Duration longest);

 private:
  struct Watched {
    int socket = -1;  // a duplicate, so that it stays this connection's when the owner closes his
    Duration end{};
  };

  void Run();
  void Release(uint64_t key);

  SystemClock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_stopping_ = false;
  uint64_t next_key_ = 0;
  std::map<uint64_t, Watched> watched_;
  std::thread thread_;
};

}  // namespace joulebook
