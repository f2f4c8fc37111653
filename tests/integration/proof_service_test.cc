// Watching, proofs and checks of the books through real replicas, clients and tools.

#include <atomic>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/crypto/note.h"
#include "common/testing/unreading_client.h"
#include "common/time/timers.h"
#include "tests/integration/service_fixture.h"

namespace joulebook::ledger {
namespace {

class ProofServiceTest : public ServiceTest {
 protected:
  void SetUp() override {
    const auto signer = NoteSigner::Make("test/ledger", Ed25519PrivateKey::NewSeed());
    Write("log-keys", signer->ToString());
    Write("verifier-keys", signer->verifier().ToString());
  }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(Path(name)) << text;
  }
  std::string Path(const std::string& name) const { return directory_ + "/" + name; }

  std::vector<std::string> SealingFlags() const {
    return {"--log-keys-file",  Path("log-keys"),     "--log-memory-file",
            Path("log-memory"), "--seal-interval-ms", "50"};
  }

  void PostSome(Service& stub, int first, int count) {
    for (int i = 0; i < count; ++i) {
      const auto response =
          Call(stub, &Service::PostTransfers,
               OneItem(MakePost(TransferId(first + i), MemberId(1), MemberId(2), 1)));
      ASSERT_THAT(response, IsOk());
      ASSERT_EQ(response->results(0).code(), v1::TRANSFER_RESULT_CODE_OK);
    }
  }

  // Exports by the tool into a file of this name.
  absl::Status Export(const std::vector<std::string>& words, const std::string& name) {
    std::vector<std::string> command = {BinaryPath("joulebook-export"), "--ledger",
                                        ledger_->address()};
    command.insert(command.end(), words.begin(), words.end());
    JB_ASSIGN_OR_RETURN(const std::string output, RunCommand(command));
    Write(name, output);
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> Verify(const std::string& kind, const std::string& name) {
    return RunCommand(
        {BinaryPath("joulebook-verify"), "--keys-file", Path("verifier-keys"), kind, Path(name)});
  }
  absl::StatusOr<std::string> CheckCommand() {
    return RunCommand({BinaryPath("ledgerd"), "check-books", "--database", connection_});
  }

  // The line is among the service's metrics, or will be within a few seconds.
  void ExpectMetricSoon(const std::string& line) {
    for (int i = 0; i < 100; ++i) {
      const auto metrics = ReadMetrics(ledger_->metrics_port());
      if (metrics.ok() && metrics->find(line) != std::string::npos) return;
      ThreadSleeper().SleepFor(std::chrono::milliseconds(50));
    }
    ADD_FAILURE() << "no " << line;
  }

  absl::StatusOr<v1::CheckBooksResponse> CheckBooksCall(Service& stub) {
    grpc::ClientContext context;
    PrepareCall(context, std::chrono::seconds(60), "");
    const auto stream = stub.CheckBooks(&context, {});
    v1::CheckBooksResponse last, message;
    while (stream->Read(&message)) last = message;
    JB_RETURN_IF_ERROR(FromGrpcStatus(stream->Finish()));
    return last;
  }

  void ChangeByHand(const std::string& sql) {
    const std::string superuser = absl::StrCat(connection_, " user=postgres");
    ASSERT_THAT(RunCommand({"psql", "-q", "-X", "-d", superuser, "-c",
                            "SET session_replication_role = replica; " + sql}),
                IsOk());
  }

  const std::string directory_ = MakeTempDir();
};

TEST_F(ProofServiceTest, WhatIsExportedVerifiesOfflineAndWhatIsChangedDoesNot) {
  StartService(SealingFlags());
  ASSERT_THAT(Register(1), IsOk());
  ASSERT_THAT(Register(2), IsOk());
  PostSome(*stub_, 1, 20);
  ASSERT_THAT(Export({"proof", TransferId(7)}, "proof"), IsOk());
  ASSERT_THAT(Export({"statement", MemberId(1)}, "statement"), IsOk());
  v1::GetCheckpointRequest newest;
  const auto checkpoint = Call(*stub_, &Service::GetCheckpoint, newest);
  ASSERT_THAT(checkpoint, IsOk());
  PostSome(*stub_, 100, 5);
  ASSERT_THAT(Export({"proof", TransferId(104)}, "newer"), IsOk());
  ASSERT_THAT(
      Export({"consistency", std::to_string(checkpoint->checkpoint().tree_size())}, "consistency"),
      IsOk());
  ASSERT_THAT(Export({"log"}, "log"), IsOk());
  for (const char* kind : {"proof", "statement", "consistency", "log"}) {
    EXPECT_THAT(Verify(kind, kind), IsOk()) << kind;
  }

  std::ifstream file(Path("proof"));
  std::string proof((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::size_t amount = proof.find("\"moved_minor\":\"1\"");
  ASSERT_NE(amount, std::string::npos);
  Write("forged", proof.replace(amount, 17, "\"moved_minor\":\"2\""));
  EXPECT_FALSE(Verify("proof", "forged").ok());
  Write("verifier-keys",
        NoteSigner::Make("test/ledger", Ed25519PrivateKey::NewSeed())->verifier().ToString());
  EXPECT_FALSE(Verify("proof", "proof").ok()) << "by another key";
}

TEST_F(ProofServiceTest, TheLogIsExportedWithAllThatDecides) {
  StartService(SealingFlags());
  ASSERT_THAT(Register(1), IsOk());
  ASSERT_THAT(Register(2), IsOk());
  const auto refused =
      Call(*stub_, &Service::PostTransfers,
           OneItem(MakePost(TransferId(1), MemberId(1), MemberId(2), 5'000'000'000)));
  ASSERT_THAT(refused, IsOk());
  ASSERT_EQ(refused->results(0).code(), v1::TRANSFER_RESULT_CODE_EXCEEDS_AVAILABLE);
  v1::SetAccountStateRequest freeze;
  freeze.set_account_id(MemberId(2));
  freeze.set_state(v1::ACCOUNT_STATE_FROZEN);
  ASSERT_THAT(Call(*stub_, &Service::SetAccountState, freeze), IsOk());

  v1::ListLogRecordsRequest request;
  EXPECT_EQ(Call(*stub_, &Service::ListLogRecords, request)->records_size(), 9)
      << "the issuer, two members with account and trial, a refusal, a state";
  request.set_after_position(7);
  const auto rest = Call(*stub_, &Service::ListLogRecords, request);
  ASSERT_THAT(rest, IsOk());
  ASSERT_EQ(rest->records_size(), 2);
  EXPECT_EQ(rest->records(0).position(), 8);
  EXPECT_EQ(rest->records(0).refusal().request().id(), TransferId(1));
  EXPECT_EQ(rest->records(0).refusal().code(), v1::TRANSFER_RESULT_CODE_EXCEEDS_AVAILABLE);
  EXPECT_FALSE(rest->records(1).content().empty());
  request.set_after_position(9);
  EXPECT_EQ(Call(*stub_, &Service::ListLogRecords, request)->records_size(), 0);
  request.set_after_position(-1);
  EXPECT_THAT(Call(*stub_, &Service::ListLogRecords, request),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));

  v1::GetCheckpointRequest sealed;
  sealed.set_tree_size(9);
  for (int i = 0; i < 100 && !Call(*stub_, &Service::GetCheckpoint, sealed).ok(); ++i) {
    ThreadSleeper().SleepFor(std::chrono::milliseconds(50));
  }
  ASSERT_THAT(Export({"log"}, "log"), IsOk());
  EXPECT_THAT(Verify("log", "log"), IsOk());
  std::ifstream file(Path("log"));
  std::string log((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::size_t code = log.find("EXCEEDS_AVAILABLE");
  ASSERT_NE(code, std::string::npos);
  Write("forged", log.replace(code, 17, "EXCEEDS_HOLD"));
  EXPECT_FALSE(Verify("log", "forged").ok()) << "a refusal's reason is signed";
}

TEST_F(ProofServiceTest, ARowChangedByHandIsNamedByTheCallTheCommandAndTheLog) {
  StartService(SealingFlags());
  ASSERT_THAT(Register(1), IsOk());
  ASSERT_THAT(Register(2), IsOk());
  PostSome(*stub_, 1, 20);
  ASSERT_THAT(Export({"proof", TransferId(20)}, "proof"), IsOk());
  const auto balanced = CheckBooksCall(*stub_);
  ASSERT_THAT(balanced, IsOk());
  EXPECT_EQ(balanced->result(), v1::BOOKS_RESULT_BALANCED);
  EXPECT_EQ(balanced->checked_transfers(), 27) << "with the issuer, two members and their accounts";
  EXPECT_EQ(balanced->sealed_transfers(), 27);
  EXPECT_THAT(CheckCommand(), IsOk());

  ChangeByHand(
      absl::StrCat("UPDATE ledger.transfers SET reference = 'x' WHERE id = '", TransferId(5), "'"));
  const auto different = CheckBooksCall(*stub_);
  ASSERT_THAT(different, IsOk());
  EXPECT_EQ(different->result(), v1::BOOKS_RESULT_DIFFERENCE_FOUND);
  EXPECT_NE(different->difference().find(TransferId(5)), std::string::npos);
  EXPECT_NE(CheckCommand().status().ToString().find(TransferId(5)), std::string::npos);
  ASSERT_THAT(Export({"log"}, "log"), IsOk());
  EXPECT_NE(Verify("log", "log").status().ToString().find(TransferId(5)), std::string::npos);
}

TEST_F(ProofServiceTest, ErrorsOfTheLogHaveTheirReasons) {
  StartService({"--seal-interval-ms", "50"});  // without a key nothing is sealed
  ASSERT_THAT(Register(1), IsOk());
  ASSERT_THAT(Register(2), IsOk());
  PostSome(*stub_, 1, 1);
  v1::GetTransferProofRequest request;
  request.set_transfer_id(TransferId(1));
  EXPECT_THAT(Call(*stub_, &Service::GetTransferProof, request),
              StatusIs(absl::StatusCode::kNotFound, "CHECKPOINT_NOT_FOUND"));
  ledger_.reset();
  StartService(SealingFlags());
  ASSERT_THAT(Export({"proof", TransferId(1)}, "proof"), IsOk());
  const int64_t size = Call(*stub_, &Service::GetCheckpoint, {})->checkpoint().tree_size();
  PostSome(*stub_, 2, 1);
  request.set_transfer_id(TransferId(2));
  request.set_tree_size(size);
  EXPECT_THAT(Call(*stub_, &Service::GetTransferProof, request),
              StatusIs(absl::StatusCode::kFailedPrecondition, "NOT_SEALED_YET"));
  request.set_transfer_id(TransferId(3));
  EXPECT_THAT(Call(*stub_, &Service::GetTransferProof, request),
              StatusIs(absl::StatusCode::kNotFound, "TRANSFER_NOT_FOUND"));
  request.set_tree_size(-1);
  EXPECT_THAT(Call(*stub_, &Service::GetTransferProof, request),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
  EXPECT_THAT(Call(*stub_, &Service::GetConsistencyProof, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
}

TEST_F(ProofServiceTest, ASignerHasAMemoryAndANewOneIsToldToBelieveTheLog) {
  const auto without =
      RunCommand({BinaryPath("ledgerd"), "--check-config", "--log-keys-file", Path("log-keys")});
  EXPECT_NE(without.status().ToString().find("log-memory-file"), std::string::npos);
  StartService(SealingFlags());
  ASSERT_THAT(Register(1), IsOk());
  ASSERT_THAT(Register(2), IsOk());
  PostSome(*stub_, 1, 1);
  ASSERT_THAT(Export({"proof", TransferId(1)}, "proof"), IsOk());
  ledger_.reset();
  ASSERT_EQ(std::remove(Path("log-memory").c_str()), 0);
  StartService(SealingFlags());
  ExpectMetricSoon("ledger_seal_refusals_total 1");
  ledger_.reset();
  const std::vector<std::string> adopt = {
      BinaryPath("ledgerd"), "adopt-checkpoint", "--database",        connection_,
      "--log-keys-file",     Path("log-keys"),   "--log-memory-file", Path("log-memory")};
  ASSERT_THAT(RunCommand(adopt), IsOk());
  EXPECT_FALSE(RunCommand(adopt).ok()) << "it remembers one now";
  StartService(SealingFlags());
  PostSome(*stub_, 2, 1);
  EXPECT_THAT(Export({"proof", TransferId(2)}, "proof"), IsOk());
}

TEST_F(ProofServiceTest, LogKeysAreMadeAndShownByTheProgram) {
  const auto key = RunCommand({BinaryPath("ledgerd"), "new-log-key", "example.org/ledger"});
  ASSERT_THAT(key, IsOk());
  Write("log-keys", *key);
  const auto verifiers =
      RunCommand({BinaryPath("ledgerd"), "log-verifier-keys", "--log-keys-file", Path("log-keys")});
  ASSERT_THAT(verifiers, IsOk());
  EXPECT_EQ(ParseVerifiers(*verifiers)->at(0).name(), "example.org/ledger");
  EXPECT_FALSE(RunCommand({BinaryPath("ledgerd"), "new-log-key"}).ok());
  EXPECT_FALSE(RunCommand({BinaryPath("ledgerd"), "new-log-key", "two words"}).ok());
}

// Reads a watch from `after`, which it moves on, until `position`; the ids in order.
std::vector<std::string> WatchUntil(Service& stub, int64_t& after, int64_t position) {
  grpc::ClientContext context;
  PrepareCall(context, std::chrono::seconds(60), "");
  v1::WatchTransfersRequest request;
  request.set_after_position(after);
  const auto stream = stub.WatchTransfers(&context, request);
  std::vector<std::string> ids;
  v1::WatchTransfersResponse page;
  while (after < position && stream->Read(&page)) {
    EXPECT_LE(page.ByteSizeLong(), 1'100'000u);
    for (const auto& transfer : page.transfers()) {
      EXPECT_GT(transfer.position(), after);
      after = transfer.position();
      ids.push_back(transfer.request().id());
    }
  }
  context.TryCancel();
  EXPECT_GE(after, position);
  return ids;
}

TEST_F(ProofServiceTest, WatchesOnSeveralReplicasSeeEveryTransferOnceInOrder) {
  StartService({"--watch-poll-ms", "10"});
  auto other = LedgerProcess::Start(connection_, {"--watch-poll-ms", "10"});
  ASSERT_THAT(other, IsOk());
  ASSERT_THAT(Register(1), IsOk());
  ASSERT_THAT(Register(2), IsOk());
  constexpr int kClients = 4;
  constexpr int kEach = 150;
  constexpr int64_t kTransfers = 2 + kClients * kEach;
  constexpr int64_t kLast = 5 + kTransfers;  // the issuer, two members and their accounts
  std::vector<std::vector<std::string>> seen(4);
  std::vector<std::thread> threads;
  for (std::size_t watcher = 0; watcher < seen.size(); ++watcher) {
    threads.emplace_back([&, watcher] {
      const auto stub = watcher % 2 == 0 ? ledger_->Stub() : other->Stub();
      int64_t after = 0;
      if (watcher < 2) {
        seen[watcher] = WatchUntil(*stub, after, kLast);
        return;
      }
      seen[watcher] = WatchUntil(*stub, after, kLast / 2);  // and resumes after a break
      const auto rest = WatchUntil(*stub, after, kLast);
      seen[watcher].insert(seen[watcher].end(), rest.begin(), rest.end());
    });
  }
  for (int client = 0; client < kClients; ++client) {
    threads.emplace_back([&, client] {
      const auto stub = client % 2 == 0 ? ledger_->Stub() : other->Stub();
      PostSome(*stub, 1'000 * (client + 1), kEach);
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& ids : seen) {
    EXPECT_EQ(ids, seen[0]);
    EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), ids.size());
    EXPECT_EQ(static_cast<int64_t>(ids.size()), kTransfers);
  }
}

// The status of a check, once the one that runs has ended; or OVERLOADED after a while.
absl::Status CheckSoon(Service& stub) {
  absl::Status status;
  for (int i = 0; i < 100; ++i) {
    grpc::ClientContext context;
    PrepareCall(context, std::chrono::seconds(10), "");
    const auto stream = stub.CheckBooks(&context, {});
    v1::CheckBooksResponse message;
    while (stream->Read(&message)) {
    }
    status = FromGrpcStatus(stream->Finish());
    if (!absl::IsResourceExhausted(status)) break;
    ThreadSleeper().SleepFor(std::chrono::milliseconds(50));
  }
  return status;
}

v1::GetTransferRequest ByTransferId(const std::string& id) {
  v1::GetTransferRequest request;
  request.set_transfer_id(id);
  return request;
}

// About 5 KiB.
v1::TransferRequest LargePost(int number) {
  auto post = MakePost(TransferId(number), MemberId(1), MemberId(2), 1);
  for (char key = 'a'; key < 'a' + 16; ++key) {
    (*post.mutable_metadata())[std::string(64, key)] = std::string(256, 'v');
  }
  return post;
}

TEST_F(ProofServiceTest, PagesAndWatchMessagesOfLargeTransfersFitADefaultClient) {
  constexpr int kLarge = 1'000, kAll = kLarge + 2;  // with the trials
  constexpr int kDefaultMessageBytes = 4 * 1024 * 1024;
  StartService();
  ASSERT_THAT(Register(1), IsOk());
  ASSERT_THAT(Register(2), IsOk());
  v1::PostTransfersRequest request;
  for (int i = 1; i <= kLarge; ++i) *request.add_transfers() = LargePost(i);
  ASSERT_THAT(Call(*stub_, &Service::PostTransfers, request), IsOk());

  const auto stub = ledger_->Stub({.max_message_bytes = kDefaultMessageBytes});
  const auto newest = Call(*stub, &Service::GetTransfer, ByTransferId(TransferId(kLarge)));
  ASSERT_THAT(newest, IsOk());
  int64_t after = 0;
  const auto watched = WatchUntil(*stub, after, newest->transfer().position());
  EXPECT_EQ(watched.size(), static_cast<std::size_t>(kAll));

  v1::ListTransfersRequest list;
  list.set_page_size(1'000);
  int listed = 0, pages = 0;
  int64_t position = 0;
  do {
    const auto page = Call(*stub, &Service::ListTransfers, list);
    ASSERT_THAT(page, IsOk());
    for (const auto& transfer : page->transfers()) {
      EXPECT_GT(transfer.position(), std::exchange(position, transfer.position()));
    }
    listed += page->transfers_size();
    list.set_page_token(page->next_page_token());
    ++pages;
  } while (!list.page_token().empty());
  EXPECT_EQ(listed, kAll);
  EXPECT_GE(pages, 3);

  v1::ListStatementLinesRequest statement;
  statement.set_account_id(MemberId(2));
  statement.set_page_size(1'000);
  int lines = 0;
  do {
    const auto page = Call(*stub, &Service::ListStatementLines, statement);
    ASSERT_THAT(page, IsOk());
    lines += page->lines_size();
    statement.set_page_token(page->next_page_token());
  } while (!statement.page_token().empty());
  EXPECT_EQ(lines, kLarge + 1);
}

TEST_F(ProofServiceTest, ACheckThatNobodyReadsEndsAndBlocksNoOther) {
  StartService({"--unread-stream-timeout-ms", "500"});
  ASSERT_THAT(Register(1), IsOk());
  UnreadingClient client(ledger_->port());
  client.Call("/joulebook.ledger.v1.LedgerService/CheckBooks");
  EXPECT_THAT(CheckSoon(*stub_), IsOk());
}

TEST_F(ProofServiceTest, AWatchThatNobodyReadsEndsAndFreesItsPlace) {
  StartService({"--unread-stream-timeout-ms", "500", "--watch-streams", "1"});
  ASSERT_THAT(Register(1), IsOk());
  UnreadingClient client(ledger_->port());
  client.Call("/joulebook.ledger.v1.LedgerService/WatchTransfers");
  ExpectMetricSoon("ledger_watch_streams 1");
  ExpectMetricSoon("ledger_watch_streams 0");
  int64_t after = 0;
  EXPECT_EQ(WatchUntil(*stub_, after, 1).size(), 1u);
}

TEST_F(ProofServiceTest, ADrainWaitsForNoClientThatDoesNotRead) {
  StartService({"--unread-stream-timeout-ms", "60000", "--drain-timeout-ms", "60000"});
  ASSERT_THAT(Register(1), IsOk());
  UnreadingClient checking(ledger_->port()), watching(ledger_->port());
  checking.Call("/joulebook.ledger.v1.LedgerService/CheckBooks");
  watching.Call("/joulebook.ledger.v1.LedgerService/WatchTransfers");
  ExpectMetricSoon("ledger_watch_streams 1");
  ExpectMetricSoon("ledger_books_checks_total{result=\"balanced\"} 1");
  EXPECT_TRUE(StopsSoon(ledger_->process()));
}

TEST_F(ProofServiceTest, WatchesAreBoundedAndEndWithTheServer) {
  StartService({"--watch-streams", "1"});
  ASSERT_THAT(Register(1), IsOk());
  grpc::ClientContext first_context, second_context;
  PrepareCall(first_context, std::chrono::seconds(60), "");
  PrepareCall(second_context, std::chrono::seconds(60), "");
  const auto first = stub_->WatchTransfers(&first_context, {});
  v1::WatchTransfersResponse page;
  ASSERT_TRUE(first->Read(&page));
  EXPECT_EQ(page.transfers_size(), 1);
  const auto second = stub_->WatchTransfers(&second_context, {});
  EXPECT_FALSE(second->Read(&page));
  EXPECT_THAT(FromGrpcStatus(second->Finish()),
              StatusIs(absl::StatusCode::kResourceExhausted, "OVERLOADED"));
  ledger_->process().Signal(SIGTERM);
  EXPECT_FALSE(first->Read(&page));
  EXPECT_THAT(FromGrpcStatus(first->Finish()),
              StatusIs(absl::StatusCode::kUnavailable, "DRAINING"));
  EXPECT_EQ(ledger_->process().Wait(), 0);
}

}  // namespace
}  // namespace joulebook::ledger
