#include "common/rpc/pipeline_stream.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/client.h"
#include "common/rpc/executor.h"
#include "common/rpc/status_conversion.h"
#include "common/testing/matchers.h"
#include "common/testing/unreading_client.h"
#include "common/testing/virtual_clock.h"
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
// half-close arrives: the first ten bytes, much for "large", or COMMIT_FAILED for "fail".
class EchoService final : public grpc::CallbackGenericService {
 public:
  explicit EchoService(VirtualClock& clock) : clock_(clock) {}

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    return streams_.Open(
        *context, "Echo", Admission(*gate_, {.name = "test", .expires = expires_}),
        [this](const grpc::ByteBuffer& request, grpc::ByteBuffer& response, auto done) {
          ++taken_;
          bytes_in_work_ += request.Length();
          most_bytes_in_work_ = std::max<std::size_t>(most_bytes_in_work_, bytes_in_work_);
          const Executor::Taken taken = answering_.TrySubmit(
              [this, &request, &response, done = std::move(done)] {
                LateMutex::is_late = true;
                ThreadSleeper().SleepFor(std::chrono::milliseconds(20));
                bytes_in_work_ -= request.Length();
                if (ToText(request) == "fail") {
                  done(CommitFailed());
                } else {
                  response = ToBytes(ToText(request) == "large" ? std::string(kLarge, 'l')
                                                                : ToText(request).substr(0, 10));
                  done(absl::OkStatus());
                }
                ++answered_;
              },
              0);
          return taken == Executor::Taken::kYes ? absl::OkStatus()
                                                : boundary_.Overloaded("answers", kMaxAnswers);
        });
  }
  void Drain() { streams_.Drain(); }
  static constexpr int kMaxOpen = 2;
  static constexpr Duration kUnread = std::chrono::seconds(10);
  // More than a client's window takes unless it reads.
  static constexpr std::size_t kLarge = std::size_t{12} * 1024 * 1024;
  int taken() const { return taken_; }
  int answered() const { return answered_; }
  std::size_t most_bytes_in_work() const { return most_bytes_in_work_; }
  // Sets the expiry of the token of every call that begins now.
  void SetExpiry(Time expires) { expires_ = expires; }

 private:
  static constexpr std::size_t kMaxAnswers = 1'000;
  const Boundary boundary_{"test.joulebook"};
  VirtualClock& clock_;
  const absl::StatusOr<Gate> gate_ = Gate::Make({}, "test.joulebook", clock_);
  Time expires_ = Time::max();
  std::atomic<std::size_t> bytes_in_work_ = 0;
  std::atomic<std::size_t> most_bytes_in_work_ = 0;
  std::atomic<int> taken_ = 0;
  std::atomic<int> answered_ = 0;
  Streams streams_{boundary_, {"echoes", kMaxOpen, kUnread}, clock_, clock_};
  Executor answering_{2, kMaxAnswers};
};

// One stream of a client.
class EchoClient {
 public:
  explicit EchoClient(int port) : stub_(MakeChannel({.target = absl::StrCat("127.0.0.1:", port)})) {
    PrepareCall(context_, std::chrono::seconds(60), "");
    call_ = stub_.PrepareCall(&context_, "/test.Test/Echo", &queue_);
    call_->StartCall(nullptr);
    Wait();
  }

  bool Write(const std::string& message) {
    call_->Write(ToBytes(message), nullptr);
    return Wait();
  }
  void WritesDone() {
    call_->WritesDone(nullptr);
    Wait();
  }
  std::optional<std::string> Read() {
    grpc::ByteBuffer answer;
    call_->Read(&answer, nullptr);
    return Wait() ? std::optional(ToText(answer)) : std::nullopt;
  }
  absl::Status Finish() {
    grpc::Status status;
    call_->Finish(&status, nullptr);
    Wait();
    return FromGrpcStatus(status);
  }

 private:
  bool Wait() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
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

  // One stream: sends everything and reads to the end.
  struct Ended {
    std::vector<std::string> answers;
    absl::Status status;
  };
  Ended Call(const std::vector<std::string>& messages) {
    EchoClient client(port_);
    bool is_open = true;
    for (const std::string& message : messages) is_open = is_open && client.Write(message);
    if (is_open) client.WritesDone();
    Ended ended;
    while (const auto answer = client.Read()) ended.answers.push_back(*answer);
    ended.status = client.Finish();
    return ended;
  }

  static void Wait() { ThreadSleeper().SleepFor(std::chrono::milliseconds(10)); }
  void AwaitAnswered(int count) {
    for (int tries = 0; tries < 3'000 && service_.answered() < count; ++tries) Wait();
    ASSERT_EQ(service_.answered(), count);
  }
  void ExpectAPlaceSoon() {
    Ended ended = Call({"a"});
    for (int tries = 0; tries < 3'000 && absl::IsResourceExhausted(ended.status); ++tries) {
      Wait();
      ended = Call({"a"});
    }
    EXPECT_THAT(ended.status, IsOk());
  }

  VirtualClock clock_;
  EchoService service_{clock_};
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
  EchoClient client(port_);
  ASSERT_TRUE(client.Write("a"));
  for (int tries = 0; tries < 3'000 && service_.taken() == 0; ++tries) Wait();
  service_.Drain();
  EXPECT_EQ(client.Read(), "a");
  EXPECT_EQ(client.Read(), std::nullopt);
  EXPECT_THAT(client.Finish(), StatusIs(absl::StatusCode::kUnavailable, "DRAINING"));
}

// It was admitted before the drain began, and opened after.
TEST_F(PipelineStreamTest, AStreamThatComesLateToADrainEndsToo) {
  service_.Drain();
  EchoClient client(port_);
  EXPECT_EQ(client.Read(), std::nullopt);
  EXPECT_THAT(client.Finish(), StatusIs(absl::StatusCode::kUnavailable, "DRAINING"));
}

TEST_F(PipelineStreamTest, OpenStreamsAreLimited) {
  EchoClient first(port_), second(port_);
  for (EchoClient* client : {&first, &second}) {
    ASSERT_TRUE(client->Write("a"));
    EXPECT_EQ(client->Read(), "a");
  }
  EchoClient third(port_);
  EXPECT_EQ(third.Read(), std::nullopt);
  const absl::Status refused = third.Finish();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted, "OVERLOADED"));
  auto info = GetErrorInfo(refused).value_or(ErrorInfo());
  EXPECT_EQ(info.metadata["queue"], "echoes");
  EXPECT_EQ(info.metadata["limit"], "2");
  first.WritesDone();
  EXPECT_THAT(first.Finish(), IsOk());
  ExpectAPlaceSoon();
}

TEST_F(PipelineStreamTest, RequestsInWorkAreLimitedByTheirBytesToo) {
  constexpr std::size_t kMessage = std::size_t{3} * 1024 * 1024;
  const std::vector<std::string> messages(12, std::string(kMessage, 'm'));
  const Ended ended = Call(messages);
  EXPECT_THAT(ended.status, IsOk());
  EXPECT_EQ(ended.answers.size(), messages.size());
  EXPECT_LT(service_.most_bytes_in_work(), Streams::Stream::kMaxBytesInWork + kMessage);
}

TEST_F(PipelineStreamTest, RequestsThatAreAnsweredCountNoMoreThoughNobodyReads) {
  constexpr int kMessages = 12;
  EchoClient client(port_);
  ASSERT_TRUE(client.Write("large"));
  for (int i = 0; i < kMessages; ++i) {
    ASSERT_TRUE(client.Write(std::string(std::size_t{3} * 1024 * 1024, 'm'))) << i;
  }
  AwaitAnswered(1 + kMessages);
  EXPECT_EQ(client.Read()->size(), EchoService::kLarge);
  for (int i = 0; i < kMessages; ++i) EXPECT_EQ(client.Read(), "mmmmmmmmmm");
  client.WritesDone();
  EXPECT_THAT(client.Finish(), IsOk());
}

TEST_F(PipelineStreamTest, AClientThatDoesNotReadLosesItsStream) {
  UnreadingClient client(port_);
  for (int i = 0; i < EchoService::kMaxOpen; ++i) client.Call("/test.Test/Echo");
  AwaitAnswered(EchoService::kMaxOpen);
  clock_.Advance(EchoService::kUnread - kStreamLook);
  EXPECT_THAT(Call({"a"}).status, StatusIs(absl::StatusCode::kResourceExhausted, "OVERLOADED"))
      << "its time is not up";
  clock_.Advance(kStreamLook);
  ExpectAPlaceSoon();
}

TEST_F(PipelineStreamTest, ADrainGivesAClientThatDoesNotReadAMoment) {
  UnreadingClient client(port_);
  client.Call("/test.Test/Echo");
  AwaitAnswered(1);
  service_.Drain();
  clock_.Advance(kLastRead - kStreamLook);
  EXPECT_EQ(client.resets(), 0);
  clock_.Advance(kStreamLook);
  for (int tries = 0; tries < 3'000 && client.resets() == 0; ++tries) Wait();
  EXPECT_EQ(client.resets(), 1);
}

TEST_F(PipelineStreamTest, AMessageAfterItsTokensTimeIsNotTaken) {
  const Duration time = std::chrono::seconds(5) + kStreamLook / 2;  // between two looks
  service_.SetExpiry(clock_.Now() + time);
  EchoClient client(port_);
  ASSERT_TRUE(client.Write("a"));
  EXPECT_EQ(client.Read(), "a");
  clock_.Advance(time);
  client.Write("b");
  EXPECT_EQ(client.Read(), std::nullopt);
  EXPECT_THAT(client.Finish(), StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_EXPIRED"));
}

TEST_F(PipelineStreamTest, AnIdleStreamEndsWhenItsTokenDoes) {
  service_.SetExpiry(clock_.Now() + std::chrono::seconds(5));
  EchoClient client(port_);
  ASSERT_TRUE(client.Write("a"));
  EXPECT_EQ(client.Read(), "a");
  clock_.Advance(std::chrono::seconds(5) - kStreamLook);
  ASSERT_TRUE(client.Write("b"));
  EXPECT_EQ(client.Read(), "b") << "its time is not up";
  clock_.Advance(kStreamLook);
  EXPECT_EQ(client.Read(), std::nullopt);
  EXPECT_THAT(client.Finish(), StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_EXPIRED"));
}

}  // namespace
}  // namespace joulebook
