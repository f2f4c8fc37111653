#include <atomic>
#include <future>
#include <mutex>

#include "common/rpc/boundary.h"
#include "common/rpc/executor.h"
#include "common/rpc/server.h"
#include "common/rpc/status_conversion.h"
#include "common/testing/matchers.h"

namespace joulebook {
namespace {

TEST(StatusConversion, KeepsCodeMessageAndReasonBothWays) {
  const absl::Status status = MakeError(absl::StatusCode::kAlreadyExists,
                                        {"TAKEN", "test.joulebook", {{"id", "1"}}}, "it is taken");
  const absl::Status back = FromGrpcStatus(ToGrpcStatus(status));
  EXPECT_EQ(back.code(), status.code());
  EXPECT_EQ(back.message(), status.message());
  EXPECT_EQ(GetErrorInfo(back), GetErrorInfo(status));
}

TEST(StatusConversion, SurvivesHostileDetails) {
  const grpc::Status hostile(grpc::StatusCode::INTERNAL, "m", "\xff\xff garbage");
  EXPECT_EQ(FromGrpcStatus(hostile).code(), absl::StatusCode::kInternal);
  EXPECT_TRUE(FromGrpcStatus(grpc::Status::OK).ok());
}

TEST(Boundary, AClientThatIsGoneIsNoErrorOfTheServer) {
  const Boundary boundary("test.joulebook");
  EXPECT_EQ(boundary.Finish("Watch", absl::CancelledError("the client is gone")).error_code(),
            grpc::StatusCode::CANCELLED);
  EXPECT_THAT(FromGrpcStatus(boundary.Finish("Watch", absl::UnknownError("a bug"))),
              StatusIs(absl::StatusCode::kInternal, "INTERNAL"));
}

TEST(Executor, RefusesWhenFullAndRunsWhatItAccepted) {
  std::atomic<int> ran = 0;
  std::mutex gate;
  gate.lock();
  {
    Executor executor(1, 2);
    int accepted = 0;
    for (int i = 0; i < 10; ++i) {
      const auto work = [&] {
        const std::lock_guard lock(gate);
        ++ran;
      };
      accepted += executor.TrySubmit(work, 1) == Executor::Taken::kYes;
    }
    EXPECT_GE(accepted, 2);
    EXPECT_LE(accepted, 3);  // One may have left the queue for the thread.
    gate.unlock();
  }
  EXPECT_GE(ran, 2);
}

// The thread is busy, so what is taken waits.
TEST(Executor, WeighsWhatWaits) {
  using Taken = Executor::Taken;
  std::promise<void> begun, end;
  Executor executor(1, 3, 100);
  ASSERT_EQ(executor.TrySubmit(
                [&] {
                  begun.set_value();
                  end.get_future().wait();
                },
                1'000),
            Taken::kYes)
      << "one of any size may wait alone";
  begun.get_future().wait();
  EXPECT_EQ(executor.TrySubmit([] {}, 60), Taken::kYes) << "what runs weighs nothing";
  EXPECT_EQ(executor.TrySubmit([] {}, 41), Taken::kTooManyBytes);
  EXPECT_EQ(executor.TrySubmit([] {}, 40), Taken::kYes);
  EXPECT_EQ(executor.TrySubmit([] {}, 0), Taken::kYes);
  EXPECT_EQ(executor.TrySubmit([] {}, 0), Taken::kTooMany);
  end.set_value();
}

TEST(ServerConfig, NeedsTlsAndTokensOffLoopbackUnlessAskedOtherwiseByName) {
  struct Case {
    ServerConfig config;
    bool valid;
  };
  const Case cases[] = {
      {{.listen = "127.0.0.1:1"}, true},
      {{.listen = "[::1]:1"}, true},
      {{.listen = "0.0.0.0:1"}, false},
      {{.listen = "0.0.0.0:1", .allow_plaintext = true}, false},
      {{.listen = "0.0.0.0:1", .allow_plaintext = true, .allow_anonymous = true}, true},
      {{.listen = "0.0.0.0:1", .allow_plaintext = true, .tokens = "x"}, true},
      {{.listen = "0.0.0.0:1", .tls_certificate = "c", .tls_key = "k", .tokens = "x"}, true},
      {{.listen = "127.0.0.1:1", .tls_certificate = "c"}, false},
      {{.listen = "127.0.0.1:1", .tls_client_ca = "c"}, false},
  };
  for (const Case& c : cases) EXPECT_EQ(c.config.Validate().ok(), c.valid) << c.config.listen;
}

}  // namespace
}  // namespace joulebook
