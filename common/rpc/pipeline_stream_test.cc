#include "common/rpc/pipeline_stream.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/client.h"
#include "common/rpc/executor.h"
#include "common/rpc/status_conversion.h"
#include "common/testing/matchers.h"
#include "common/time/timers.h"

namespace joulebook {
namespace {

// Is slow to unlock on threads that say so (what another thread may do once the owner is done, it
// has done by then), and notices when it is deleted meanwhile: gRPC is not instrumented, so
// ThreadSanitizer cannot.
class LateMutex {
 public:
  static inline thread_local bool is_late = false;
  ~LateMutex() { EXPECT_FALSE(is_locked_) << "deleted before it was unlocked"; }
  void lock() {
    mutex_.lock();
    is_locked_ = true;
  }
  void unlock() {
    if (is_late) ThreadSleeper().SleepFor(std::chrono::milliseconds(50));
    is_locked_ = false;
    mutex_.unlock();
  }

 private:
  std::mutex mutex_;
  std::atomic<bool> is_locked_ = false;
};

using Streams = PipelineStreams<grpc::ByteBuffer, grpc::ByteBuffer, LateMutex>;

grpc::ByteBuffer ToBytes(const std::string& text) {
  const grpc::Slice slice(text);
  return {&slice, 1};
}

std::string ToText(const grpc::ByteBuffer& bytes) {
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(bytes.Dump(&slices).ok());
  std::string text;
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

absl::Status CommitFailed() {
  return MakeError(absl::StatusCode::kAborted, {"COMMIT_FAILED", "test.joulebook", {}}, "no");
}

// Every method is a stream that is answered by other threads, after a moment in which the client's
// half-close arrives: the first ten bytes, or COMMIT_FAILED for "fail".
class EchoService final : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    return streams_.Open(
        boundary_, "Echo", Admission(*gate_, {.name = "test", .expires = expires_}),
        [this](const grpc::ByteBuffer& request, grpc::ByteBuffer& response, auto done) {
          bytes_in_work_ += request.Length();
          most_bytes_in_work_ = std::max<std::size_t>(most_bytes_in_work_, bytes_in_work_);
          const bool accepted =
              answering_.TrySubmit([this, &request, &response, done = std::move(done)] {
                LateMutex::is_late = true;
                ThreadSleeper().SleepFor(std::chrono::milliseconds(20));
                bytes_in_work_ -= request.Length();
                if (ToText(request) == "fail") {
                  done(CommitFailed());
                } else {
                  response = ToBytes(ToText(request).substr(0, 10));
                  done(absl::OkStatus());
                }
              });
          return accepted ? absl::OkStatus() : boundary_.Overloaded("answers", kMaxAnswers);
        });
  }
  void Drain() { streams_.Drain(); }
  std::size_t most_bytes_in_work() const { return most_bytes_in_work_; }
  // Of the token of every call that begins now.
  void SetExpiry(Time expires) { expires_ = expires; }

 private:
  static constexpr std::size_t kMaxAnswers = 1'000;
  const Boundary boundary_{"test.joulebook"};
  SystemClock clock_;
  const absl::StatusOr<Gate> gate_ = Gate::Make({}, "test.joulebook", clock_);
  Time expires_ = Time::max();
  std::atomic<std::size_t> bytes_in_work_ = 0;
  std::atomic<std::size_t> most_bytes_in_work_ = 0;
  Streams streams_;
  Executor answering_{2, kMaxAnswers};
};

class PipelineStreamTest : public testing::Test {
 protected:
  PipelineStreamTest() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterCallbackGenericService(&service_);
    server_ = builder.BuildAndStart();
  }
  ~PipelineStreamTest() override { server_->Shutdown(); }

  // One stream: sends everything and reads to the end. With `drain` it is not half-closed, but the
  // service drains once the first answer is there.
  struct Ended {
    std::vector<std::string> answers;
    absl::Status status;
  };
  Ended Call(const std::vector<std::string>& messages, bool drain = false) {
    grpc::GenericStub stub(MakeChannel({.target = absl::StrCat("127.0.0.1:", port_)}));
    grpc::ClientContext context;
    PrepareCall(context, std::chrono::seconds(30), "");
    grpc::CompletionQueue queue;
    const auto wait = [&queue] {
      void* tag = nullptr;
      bool ok = false;
      return queue.Next(&tag, &ok) && ok;
    };
    const auto call = stub.PrepareCall(&context, "/test.Test/Echo", &queue);
    call->StartCall(nullptr);
    bool is_open = wait();
    for (const std::string& message : messages) {
      if (!is_open) break;
      call->Write(ToBytes(message), nullptr);
      is_open = wait();
    }
    if (is_open && !drain) {
      call->WritesDone(nullptr);
      wait();
    }
    Ended ended;
    grpc::ByteBuffer answer;
    for (call->Read(&answer, nullptr); wait(); call->Read(&answer, nullptr)) {
      ended.answers.push_back(ToText(answer));
      if (drain) service_.Drain();
    }
    grpc::Status status;
    call->Finish(&status, nullptr);
    wait();
    ended.status = FromGrpcStatus(status);
    return ended;
  }

  EchoService service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(PipelineStreamTest, AnswersInOrder) {
  const Ended ended = Call({"a", "b", "c"});
  EXPECT_THAT(ended.status, IsOk());
  EXPECT_THAT(ended.answers, testing::ElementsAre("a", "b", "c"));
}

// The thread that answers ends the call, and gRPC deletes the reactor while that thread has yet to
// unlock.
TEST_F(PipelineStreamTest, FailureOnAnotherThreadEndsTheCallBeforeItsMutexIsUnlocked) {
  for (int i = 0; i < 5; ++i) {
    const Ended ended = Call({"fail", "a", "fail"});
    EXPECT_THAT(ended.status, StatusIs(absl::StatusCode::kAborted, "COMMIT_FAILED"));
    EXPECT_THAT(ended.answers, testing::IsEmpty()) << "nothing after a failure is answered";
  }
}

TEST_F(PipelineStreamTest, DrainEndsOpenCallsAfterWhatIsInWork) {
  for (int i = 0; i < 5; ++i) {
    const Ended ended = Call({"a"}, true);
    EXPECT_THAT(ended.status, StatusIs(absl::StatusCode::kUnavailable, "DRAINING"));
    EXPECT_THAT(ended.answers, testing::ElementsAre("a"));
  }
}

TEST_F(PipelineStreamTest, RequestsInWorkAreLimitedByTheirBytesToo) {
  constexpr std::size_t kMessage = std::size_t{3} * 1024 * 1024;
  const std::vector<std::string> messages(12, std::string(kMessage, 'm'));
  const Ended ended = Call(messages);
  EXPECT_THAT(ended.status, IsOk());
  EXPECT_EQ(ended.answers.size(), messages.size());
  EXPECT_LT(service_.most_bytes_in_work(), Streams::Stream::kMaxBytesInWork + kMessage);
}

TEST_F(PipelineStreamTest, AStreamEndsWhenItsTokenDoes) {
  SystemClock clock;
  service_.SetExpiry(clock.Now() + std::chrono::milliseconds(500));
  const Ended in_time = Call({"a"});
  EXPECT_THAT(in_time.status, IsOk());
  service_.SetExpiry(clock.Now());
  const Ended late = Call({"a"});
  EXPECT_THAT(late.status, StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_EXPIRED"));
  EXPECT_THAT(late.answers, testing::IsEmpty());
}

}  // namespace
}  // namespace joulebook
