// The database goes away and comes back; the server is told to stop under load.

#include <signal.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "common/time/timers.h"
#include "tests/integration/service_fixture.h"

namespace joulebook::ledger {
namespace {

// One ledger with a member, on a PostgreSQL of its own, which goes away or falls silent.
class OutageTest : public testing::Test {
 protected:
  void Start(const std::vector<std::string>& flags) {
    auto postgres = PostgresServer::Start();
    ASSERT_THAT(postgres, IsOk());
    postgres_ = *std::move(postgres);
    ASSERT_THAT(postgres_->CreateDatabase("book"), IsOk());
    auto ledger = LedgerProcess::Start(PrepareBook(postgres_->Connection("book")), flags);
    ASSERT_THAT(ledger, IsOk());
    ledger_.emplace(*std::move(ledger));
    stub_ = ledger_->Stub();
    v1::RegisterMemberRequest member;
    member.set_member_id(MemberId(1));
    ASSERT_THAT(Call(*stub_, &Service::RegisterMember, member), IsOk());
    ASSERT_TRUE(IsHealthy(*ledger_));
  }

  std::unique_ptr<PostgresServer> postgres_;
  std::optional<LedgerProcess> ledger_;
  std::unique_ptr<Service> stub_;
};

TEST_F(OutageTest, PostgresAwayMeansUnavailableNotServingAndRecoveryWithoutRestart) {
  Start({});

  postgres_->StopImmediately();
  const auto post = OneItem(MakePost(TransferId(1), MemberId(1), kIssuer, 5));
  EXPECT_THAT(Call(*stub_, &Service::PostTransfers, post, "", std::chrono::seconds(5)),
              StatusIs(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"));
  v1::GetMemberRequest get;
  get.set_member_id(MemberId(1));
  EXPECT_THAT(Call(*stub_, &Service::GetMember, get, "", std::chrono::seconds(5)),
              StatusIs(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"));
  EXPECT_TRUE(Eventually([&] { return !IsHealthy(*ledger_); }));

  ASSERT_THAT(postgres_->StartAgain(), IsOk());
  EXPECT_TRUE(Eventually([&] { return IsHealthy(*ledger_); }));
  const auto repeated = Call(*stub_, &Service::PostTransfers, post);
  ASSERT_THAT(repeated, IsOk());
  EXPECT_EQ(repeated->results(0).code(), v1::TRANSFER_RESULT_CODE_OK);
}

TEST_F(OutageTest, ASilentPostgresKeepsNoCallAndNoSignalWaiting) {
  Start({"--statement-timeout-ms", "500", "--commit-timeout-ms", "500", "--call-timeout-ms", "1000",
         "--drain-timeout-ms", "500"});

  postgres_->Pause();
  v1::GetMemberRequest get;
  get.set_member_id(MemberId(1));
  EXPECT_THAT(Call(*stub_, &Service::GetMember, get, "", std::chrono::seconds(10)),
              StatusIs(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"));
  const auto post = OneItem(MakePost(TransferId(1), MemberId(1), kIssuer, 5));
  EXPECT_THAT(Call(*stub_, &Service::PostTransfers, post, "", std::chrono::seconds(10)),
              StatusIs(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"));
  EXPECT_TRUE(Eventually([&] { return !IsHealthy(*ledger_); }));
  postgres_->Resume();
  EXPECT_TRUE(Eventually([&] { return IsHealthy(*ledger_); }));

  postgres_->Pause();
  ledger_->process().Signal(SIGTERM);
  EXPECT_EQ(ledger_->process().Wait(), 0);
  postgres_->Resume();
}

class DrainTest : public ServiceTest {};

TEST_F(DrainTest, SigtermUnderLoadLosesNothingAcknowledgedAndExitsZero) {
  StartService();
  ASSERT_THAT(Register(1), IsOk());
  std::atomic<bool> stopped = false;
  std::atomic<int> next = 1;
  std::mutex mutex;
  std::set<std::string> acknowledged;
  std::vector<std::thread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([&] {
      const auto stub = ledger_->Stub();
      while (!stopped) {
        const std::string id = TransferId(next++);
        const auto response =
            Call(*stub, &Service::PostTransfers, OneItem(MakePost(id, MemberId(1), kIssuer, 1)), "",
                 std::chrono::seconds(2));
        if (!response.ok()) break;
        const std::lock_guard lock(mutex);
        acknowledged.insert(id);
      }
    });
  }
  // A stream that stays open must not hold the drain up.
  grpc::ClientContext context;
  PrepareCall(context, std::chrono::seconds(60), "");
  const auto stream = stub_->StreamTransfers(&context);
  v1::StreamTransfersRequest message;
  *message.add_transfers() = MakePost(TransferId(1'000'000), MemberId(1), kIssuer, 1);
  ASSERT_TRUE(stream->Write(message));
  v1::StreamTransfersResponse answer;
  ASSERT_TRUE(stream->Read(&answer));

  EXPECT_TRUE(Eventually([&] {
    const std::lock_guard lock(mutex);
    return acknowledged.size() > 200;
  }));
  ledger_->process().Signal(SIGTERM);
  EXPECT_EQ(ledger_->process().Wait(), 0);
  stopped = true;
  for (auto& client : clients) client.join();
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_THAT(FromGrpcStatus(stream->Finish()),
              StatusIs(absl::StatusCode::kUnavailable, "DRAINING"));

  StartService();
  for (const std::string& id : acknowledged) {
    v1::GetTransferRequest get;
    get.set_transfer_id(id);
    ASSERT_THAT(Call(*stub_, &Service::GetTransfer, get), IsOk()) << id;
  }
}

class ClockTest : public ServiceTest {};

TEST_F(ClockTest, ABookAheadOfPostgresClockIsReadAndNotWritten) {
  StartService();
  ASSERT_THAT(Register(1), IsOk());
  ASSERT_THAT(
      RunCommand({"psql", "-q", "-X", "-d", AsSuperuser(connection_), "-c",
                  "UPDATE ledger.book SET last_recorded_us = last_recorded_us + 3600000000"}),
      IsOk());
  StartService({"--max-clock-skew-ms", "2000"});
  const auto refused = Register(2);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnavailable, "CLOCK_SKEWED"));
  const auto info = GetErrorInfo(refused.status()).value_or(ErrorInfo());
  EXPECT_EQ(info.metadata.at("clock"), "book");
  EXPECT_EQ(info.metadata.at("limit_ms"), "2000");
  EXPECT_GT(std::stoll(info.metadata.at("skew_ms")), 3'500'000);
  EXPECT_TRUE(Eventually([&] { return !IsHealthy(*ledger_); }));
  EXPECT_EQ(Account(MemberId(1)).id(), MemberId(1));
  EXPECT_TRUE(Eventually([&] {
    const auto metrics = ReadMetrics(ledger_->metrics_port());
    return metrics.ok() && metrics->find("\nledger_book_ahead_seconds 35") != std::string::npos;
  }));
}

TEST_F(DrainTest, RefusesToServeABookThatIsNotMigrated) {
  const auto started = LedgerProcess::Start(MakeTestDatabase());
  ASSERT_FALSE(started.ok());
  EXPECT_NE(started.status().message().find("run `migrate`"), absl::string_view::npos);
}

// The committer's threads end these calls, which gRPC then deletes at once.
TEST_F(DrainTest, StreamsEndWhenTheirCommitsFailAndTheServerGoesOn) {
  StartService();
  ASSERT_THAT(Register(1), IsOk());
  const auto as_superuser = [&](const std::string& sql) {
    ASSERT_THAT(RunCommand({"psql", "-q", "-X", "-d", connection_ + " user=postgres", "-c", sql}),
                IsOk());
  };
  as_superuser("REVOKE INSERT ON ledger.transfers FROM joulebook_ledger");
  std::vector<std::thread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([&, client] {
      const auto stub = ledger_->Stub();
      for (int i = 0; i < 10; ++i) {
        grpc::ClientContext context;
        PrepareCall(context, std::chrono::seconds(60), "");
        const auto stream = stub->StreamTransfers(&context);
        v1::StreamTransfersRequest request;
        *request.add_transfers() = MakePost(TransferId(client * 100 + i), MemberId(1), kIssuer, 1);
        for (int message = 0; message < 4; ++message) stream->Write(request);
        stream->WritesDone();
        v1::StreamTransfersResponse response;
        EXPECT_FALSE(stream->Read(&response));
        EXPECT_THAT(FromGrpcStatus(stream->Finish()),
                    StatusIs(absl::StatusCode::kInternal, "INTERNAL"));
      }
    });
  }
  for (auto& client : clients) client.join();
  as_superuser("GRANT INSERT ON ledger.transfers TO joulebook_ledger");
  EXPECT_EQ(Post(MakePost(TransferId(1'000), MemberId(1), kIssuer, 1))->code(),
            v1::TRANSFER_RESULT_CODE_OK);
}

TEST_F(DrainTest, AnswersOverloadedAtOnceWhenTheQueueIsFull) {
  StartService({"--transfer-queue", "8190", "--group-items", "1"});
  std::atomic<int> overloaded = 0;
  std::vector<std::thread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([&, client] {
      v1::PostTransfersRequest request;
      for (int i = 0; i < 8'000; ++i) {
        *request.add_transfers() =
            MakePost(TransferId(client * 10'000 + i), AccountId(1), AccountId(2), 1);
      }
      const auto response = Call(*stub_, &Service::PostTransfers, request);
      if (response.ok()) return;
      EXPECT_EQ(response.status().code(), absl::StatusCode::kResourceExhausted);
      const auto info = GetErrorInfo(response.status());
      overloaded += info.has_value() && info->reason == "OVERLOADED" &&
                    info->metadata.at("queue") == "transfers" &&
                    info->metadata.at("limit") == "8190";
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_GE(overloaded, 1);
  EXPECT_THAT(Register(1), IsOk());
}

TEST_F(DrainTest, AnswersOverloadedAtOnceWhenTheQueueIsFullOfBytes) {
  StartService({"--transfer-queue-bytes", "1024"});
  v1::PostTransfersRequest request;
  while (request.ByteSizeLong() <= 1'024) {
    *request.add_transfers() =
        MakePost(TransferId(request.transfers_size()), AccountId(1), AccountId(2), 1);
  }
  const auto refused = Call(*stub_, &Service::PostTransfers, request);
  ASSERT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted, "OVERLOADED"));
  const auto metadata = GetErrorInfo(refused.status())->metadata;
  EXPECT_EQ(metadata.at("queue"), "transfer bytes");
  EXPECT_EQ(metadata.at("limit"), "1024");
  request.mutable_transfers()->RemoveLast();
  for (int i = 0; i < 3; ++i) {  // what has left the queue counts no more
    EXPECT_THAT(Call(*stub_, &Service::PostTransfers, request), IsOk());
  }
}

}  // namespace
}  // namespace joulebook::ledger
