// A bidirectional stream as a pipeline: each request is answered by one response, in order, with a
// bounded number in work.
#pragma once

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "common/rpc/open_streams.h"

namespace joulebook {

// The size of a message on the wire.
inline std::size_t WireBytes(const google::protobuf::MessageLite& message) {
  return message.ByteSizeLong();
}
inline std::size_t WireBytes(const grpc::ByteBuffer& message) { return message.Length(); }

// One call. It is shared by gRPC, by the answers still to come and by the registry of open streams:
// an answer on another thread may be the one that ends the call, and gRPC lets go of the reactor as
// soon as the call has ended. Thread-safe. `Mutex` is another one only in tests.
template <typename Request, typename Response, typename Mutex = std::mutex>
class PipelineStream final
    : public grpc::ServerBidiReactor<Request, Response>,
      public OpenStream,
      public std::enable_shared_from_this<PipelineStream<Request, Response, Mutex>> {
 public:
  static constexpr std::size_t kMaxInWork = 16;
  // Nothing more is read while the requests in work take this much.
  static constexpr std::size_t kMaxBytesInWork = std::size_t{16} * 1024 * 1024;

  // Fills in the response and calls `done`, once and on any thread; or says at once why not,
  // without a call of `done`. The request lives until then, the response until it is sent.
  using Done = std::function<void(const absl::Status&)>;
  using Handler =
      std::function<absl::Status(const Request& request, Response& response, Done done)>;

  // Whether the caller may send one more message; an error ends the call after what is in work.
  using Readmit = std::function<absl::Status()>;

  // `streams` must outlive the stream; `method` must be a literal.
  PipelineStream(OpenStreams& streams, std::string_view method,
                 grpc::CallbackServerContext& context, Readmit readmit, Handler handler)
      : streams_(streams),
        method_(method),
        readmit_(std::move(readmit)),
        handler_(std::move(handler)),
        unread_(context) {}

  // From now on the stream keeps itself until the call is over.
  void Start() override {
    const std::lock_guard lock(mutex_);
    self_ = this->shared_from_this();
    Proceed();
  }
  void End(const absl::Status& status) override {
    const std::lock_guard lock(mutex_);
    if (!end_.has_value()) end_ = status;
    Proceed();
  }
  void CancelIfUnread(Duration now, Duration limit) override {
    const std::lock_guard lock(mutex_);
    unread_.CancelIfUnread(now, limit);
  }

 private:
  struct Slot {
    Request request;
    Response response;
    std::size_t bytes = 0;  // of the request
    bool is_ready = false;
    bool has_failed = false;
  };

  void OnReadDone(bool ok) override {
    std::unique_lock lock(mutex_);
    if (!ok) {
      EndWith(absl::OkStatus());
    } else if (!end_.has_value()) {
      const absl::Status admitted = readmit_();
      admitted.ok() ? Take(lock) : EndWith(admitted);
    }
    is_reading_ = false;
    Proceed();
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    unread_.Stop();
    slots_.pop_front();
    if (!ok) {
      is_broken_ = true;
      EndWith(absl::CancelledError("the client is gone"));
    }
    Proceed();
  }

  void OnDone() override {
    std::shared_ptr<PipelineStream> self;
    {
      const std::lock_guard lock(mutex_);
      unread_.Stop();
      self = std::move(self_);
    }
    streams_.Remove(*this);
  }

  // The request's memory is free from here on, not only when the client has read the response.
  void Complete(Slot& slot, const absl::Status& status) {
    Request answered;
    const std::lock_guard lock(mutex_);
    answered.Swap(&slot.request);
    bytes_in_work_ -= slot.bytes;
    slot.is_ready = true;
    slot.has_failed = !status.ok();
    if (slot.has_failed) EndWith(status);
    Proceed();
  }

  // All of these need the lock.

  // The handler may answer at once, on this thread, so it runs without the lock; nothing is read
  // meanwhile.
  void Take(std::unique_lock<Mutex>& lock) {
    auto slot = std::make_shared<Slot>();
    slot->request.Swap(&incoming_);
    slot->bytes = WireBytes(slot->request);
    bytes_in_work_ += slot->bytes;
    slots_.push_back(slot);
    lock.unlock();
    const absl::Status taken =
        handler_(slot->request, slot->response,
                 [stream = this->shared_from_this(), slot](const absl::Status& status) {
                   stream->Complete(*slot, status);
                 });
    lock.lock();
    if (!taken.ok()) {
      bytes_in_work_ -= slots_.back()->bytes;
      slots_.pop_back();
      EndWith(taken);
    }
  }

  // The first reason to end wins, except that an error replaces the client's own half-close.
  void EndWith(const absl::Status& status) {
    if (!end_.has_value() || end_->ok()) end_ = status;
  }

  void Proceed() {
    if (is_finished_) return;
    // A response is sent only if all before it were: after a failure the rest stays unanswered, and
    // the client repeats it.
    while (!unread_.IsRunning() && !slots_.empty() && slots_.front()->is_ready) {
      is_broken_ = is_broken_ || slots_.front()->has_failed;
      if (is_broken_) {
        slots_.pop_front();
        continue;
      }
      unread_.Start(streams_.clock().MonotonicNow());
      this->StartWrite(&slots_.front()->response);
    }
    if (!end_.has_value() && !is_reading_ && slots_.size() < kMaxInWork &&
        bytes_in_work_ < kMaxBytesInWork) {
      is_reading_ = true;
      this->StartRead(&incoming_);
    }
    if (end_.has_value() && slots_.empty()) {
      is_finished_ = true;
      unread_.Start(streams_.clock().MonotonicNow());
      this->Finish(streams_.boundary().Finish(method_, *end_));
    }
  }

  OpenStreams& streams_;
  const std::string_view method_;
  const Readmit readmit_;
  const Handler handler_;

  Mutex mutex_;
  std::shared_ptr<PipelineStream> self_;
  Request incoming_;
  std::deque<std::shared_ptr<Slot>> slots_;
  std::size_t bytes_in_work_ = 0;
  // Runs while a response, or the call's end, is on its way to the client.
  UnreadTimer unread_;
  bool is_reading_ = false;
  bool is_finished_ = false;
  // A response could not be given, so none after it is.
  bool is_broken_ = false;
  // Set once nothing more is read: how the call ends when the slots are empty.
  std::optional<absl::Status> end_;
};

// The pipelines of one method. Thread-safe; must outlive the server.
template <typename Request, typename Response, typename Mutex = std::mutex>
class PipelineStreams {
 public:
  using Stream = PipelineStream<Request, Response, Mutex>;

  // See OpenStreams.
  PipelineStreams(const Boundary& boundary, const StreamLimits& limits, Clock& clock,
                  Timers& timers)
      : streams_(boundary, limits, clock, timers) {}

  // A stream's reactor; `admission` says whether it may go on, and for how long.
  grpc::ServerBidiReactor<Request, Response>* Open(grpc::CallbackServerContext& context,
                                                   std::string_view method,
                                                   const absl::StatusOr<Admission>& admission,
                                                   typename Stream::Handler handler) {
    const auto stream = std::make_shared<Stream>(
        streams_, method, context, [admission] { return admission->Check(); }, std::move(handler));
    streams_.Open(stream, admission);
    return stream.get();
  }

  // See OpenStreams.
  void Drain() { streams_.Drain(); }

 private:
  OpenStreams streams_;
};

}  // namespace joulebook
