// The streams that are open, and when we end them: no client keeps a stream, or what it holds, for
// longer than we let it.
#pragma once

#include <grpcpp/server_context.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "common/rpc/boundary.h"
#include "common/rpc/call_runner.h"
#include "common/time/timers.h"

namespace joulebook {

// How often streams are looked at.
inline constexpr Duration kStreamLook = std::chrono::milliseconds(100);
// How long a shutdown waits for a client to read.
inline constexpr Duration kLastRead = std::chrono::seconds(1);

// Cuts off the client that leaves unread what it was sent. Not thread-safe.
class UnreadTimer {
 public:
  explicit UnreadTimer(grpc::CallbackServerContext& context) : context_(context) {}

  // A message, or the call's end, goes out at `now`, of the monotonic clock.
  void Start(Duration now) { sent_ = now; }
  // The client has it, or the call is over.
  void Stop() { sent_.reset(); }
  bool IsRunning() const { return sent_.has_value(); }
  // Cancels the call if it has been unread for `limit`.
  void CancelIfUnread(Duration now, Duration limit) const {
    if (sent_.has_value() && now - *sent_ >= limit) context_.TryCancel();
  }

 private:
  grpc::CallbackServerContext& context_;
  std::optional<Duration> sent_;
};

// A call of many messages, for who may end it. Thread-safe.
class OpenStream {
 public:
  virtual ~OpenStream() = default;
  // Starts reading, once.
  virtual void Start() = 0;
  // Reads nothing more, answers what is in work and ends the call so; nothing if it is ending.
  virtual void End(const absl::Status& status) = 0;
  // See UnreadTimer.
  virtual void CancelIfUnread(Duration now, Duration limit) = 0;
};

struct StreamLimits {
  // The streams' name in OVERLOADED.
  std::string_view name;
  // More are refused at once.
  std::size_t max_open;
  // A client that leaves a message unread for so long loses its stream.
  Duration unread;
};

// The open streams of one method. Thread-safe; must outlive the server.
class OpenStreams {
 public:
  // All must outlive the streams.
  OpenStreams(const Boundary& boundary, const StreamLimits& limits, Clock& clock, Timers& timers);

  // Starts a new stream. It is ended when its token's time is up, when its client does not read,
  // and by a drain; or at once: with the error of `admission`, with DRAINING, or with OVERLOADED
  // when as many as may be are open.
  void Open(const std::shared_ptr<OpenStream>& stream, const absl::StatusOr<Admission>& admission);
  // The stream's call is over.
  void Remove(const OpenStream& stream);
  // Ends all with DRAINING, and takes in no more; waits for no client that does not read.
  void Drain();

  const Boundary& boundary() const { return boundary_; }
  Clock& clock() const { return clock_; }

 private:
  struct Entry {
    std::shared_ptr<OpenStream> stream;
    Admission admission;
  };
  absl::Status Add(const std::shared_ptr<OpenStream>& stream, const Admission& admission);
  void Look();

  const Boundary& boundary_;
  const StreamLimits limits_;
  Clock& clock_;
  std::mutex mutex_;
  std::map<const OpenStream*, Entry> open_;
  bool is_draining_ = false;
  const std::unique_ptr<Timers::Handle> looking_;
};

}  // namespace joulebook
