// A bidirectional stream as a pipeline: each request is answered by one response, in order, with a
// bounded number in work.
#pragma once

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "common/rpc/boundary.h"
#include "common/rpc/call_runner.h"

namespace joulebook {

// What a message takes on the wire.
inline std::size_t WireBytes(const google::protobuf::MessageLite& message) {
  return message.ByteSizeLong();
}
inline std::size_t WireBytes(const grpc::ByteBuffer& message) { return message.Length(); }

// One call. It is shared by its reactor, by the answers still to come and by the registry of open
// streams: an answer on another thread may be the one that ends the call, and gRPC deletes the
// reactor as soon as the call has ended. Thread-safe. `Mutex` is another one only in tests.
template <typename Request, typename Response, typename Mutex = std::mutex>
class PipelineStream final
    : public std::enable_shared_from_this<PipelineStream<Request, Response, Mutex>> {
 public:
  static constexpr std::size_t kMaxInWork = 16;
  // Nothing more is read while the requests in work take this much.
  static constexpr std::size_t kMaxBytesInWork = std::size_t{16} * 1024 * 1024;

  using Reactor = grpc::ServerBidiReactor<Request, Response>;
  // Fills in the response and calls `done`, once and on any thread; or says at once why not,
  // without a call of `done`. Request and response live until then.
  using Done = std::function<void(const absl::Status&)>;
  using Handler =
      std::function<absl::Status(const Request& request, Response& response, Done done)>;

  // Whether the caller may send one more message; an error ends the call after what is in work.
  using Readmit = std::function<absl::Status()>;

  // `boundary` must outlive the stream; `method` must be a literal.
  PipelineStream(const Boundary& boundary, std::string_view method, Readmit readmit,
                 Handler handler)
      : boundary_(boundary),
        method_(method),
        readmit_(std::move(readmit)),
        handler_(std::move(handler)) {}

  // The call's reactor, once; it deletes itself when the call is over, after a call of `on_done`.
  Reactor* MakeReactor(std::function<void()> on_done) {
    reactor_ = new OwnReactor(this->shared_from_this(), std::move(on_done));
    return reactor_;
  }

  // Starts reading; or, for a call that is refused, ends it.
  void Start() {
    const std::lock_guard lock(mutex_);
    Proceed();
  }
  void Refuse(const absl::Status& status) {
    const std::lock_guard lock(mutex_);
    End(status);
    Proceed();
  }
  // Answers what is in work, reads nothing more, and ends the call with DRAINING.
  void Drain() { Refuse(boundary_.Draining()); }

 private:
  // What gRPC calls and deletes. Its stream outlives it.
  class OwnReactor final : public Reactor {
   public:
    OwnReactor(std::shared_ptr<PipelineStream> stream, std::function<void()> on_done)
        : stream_(std::move(stream)), on_done_(std::move(on_done)) {}
    void OnReadDone(bool ok) override { stream_->OnReadDone(ok); }
    void OnWriteDone(bool ok) override { stream_->OnWriteDone(ok); }
    void OnDone() override {
      on_done_();
      delete this;
    }

   private:
    const std::shared_ptr<PipelineStream> stream_;
    const std::function<void()> on_done_;
  };

  struct Slot {
    Request request;
    Response response;
    std::size_t bytes = 0;  // of the request
    bool is_ready = false;
    bool has_failed = false;
  };

  void OnReadDone(bool ok) {
    std::unique_lock lock(mutex_);
    if (!ok) {
      End(absl::OkStatus());
    } else if (!end_.has_value()) {
      const absl::Status admitted = readmit_();
      admitted.ok() ? Take(lock) : End(admitted);
    }
    is_reading_ = false;
    Proceed();
  }

  void OnWriteDone(bool ok) {
    const std::lock_guard lock(mutex_);
    is_writing_ = false;
    PopFront();
    if (!ok) {
      is_broken_ = true;
      End(absl::CancelledError("the client is gone"));
    }
    Proceed();
  }

  void Complete(Slot& slot, const absl::Status& status) {
    const std::lock_guard lock(mutex_);
    slot.is_ready = true;
    slot.has_failed = !status.ok();
    if (slot.has_failed) End(status);
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
      End(taken);
    }
  }

  void PopFront() {
    bytes_in_work_ -= slots_.front()->bytes;
    slots_.pop_front();
  }

  // The first reason to end wins, except that an error replaces the client's own half-close.
  void End(const absl::Status& status) {
    if (!end_.has_value() || end_->ok()) end_ = status;
  }

  void Proceed() {
    if (is_finished_) return;
    // A response is sent only if all before it were: after a failure the rest stays unanswered, and
    // the client repeats it.
    while (!is_writing_ && !slots_.empty() && slots_.front()->is_ready) {
      is_broken_ = is_broken_ || slots_.front()->has_failed;
      if (is_broken_) {
        PopFront();
        continue;
      }
      is_writing_ = true;
      reactor_->StartWrite(&slots_.front()->response);
    }
    if (!end_.has_value() && !is_reading_ && slots_.size() < kMaxInWork &&
        bytes_in_work_ < kMaxBytesInWork) {
      is_reading_ = true;
      reactor_->StartRead(&incoming_);
    }
    if (end_.has_value() && slots_.empty()) {
      is_finished_ = true;
      reactor_->Finish(boundary_.Finish(method_, *end_));
    }
  }

  const Boundary& boundary_;
  const std::string_view method_;
  const Readmit readmit_;
  const Handler handler_;

  Mutex mutex_;
  // Not touched once the call is finished: it may be gone.
  Reactor* reactor_ = nullptr;
  Request incoming_;
  std::deque<std::shared_ptr<Slot>> slots_;
  std::size_t bytes_in_work_ = 0;
  bool is_reading_ = false;
  bool is_writing_ = false;
  bool is_finished_ = false;
  // A response could not be given, so none after it is.
  bool is_broken_ = false;
  // Set once nothing more is read: how the call ends when the slots are empty.
  std::optional<absl::Status> end_;
};

// The streams of one method that are open, so that they can be drained. Thread-safe; must outlive
// the server.
template <typename Request, typename Response, typename Mutex = std::mutex>
class PipelineStreams {
 public:
  using Stream = PipelineStream<Request, Response, Mutex>;

  // A stream's reactor; `admission` says whether it may go on, and for how long.
  typename Stream::Reactor* Open(const Boundary& boundary, std::string_view method,
                                 const absl::StatusOr<Admission>& admission,
                                 typename Stream::Handler handler) {
    auto stream = std::make_shared<Stream>(
        boundary, method, [admission] { return admission->Check(); }, std::move(handler));
    auto* const reactor = stream->MakeReactor([this, key = stream.get()] {
      const std::lock_guard lock(mutex_);
      streams_.erase(key);
    });
    {
      const std::lock_guard lock(mutex_);
      streams_[stream.get()] = stream;
    }
    admission.ok() ? stream->Start() : stream->Refuse(admission.status());
    return reactor;
  }

  void Drain() {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, stream] : streams_) stream->Drain();
  }

 private:
  std::mutex mutex_;
  std::map<const Stream*, std::shared_ptr<Stream>> streams_;
};

}  // namespace joulebook
