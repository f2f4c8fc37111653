// Whatever dies, nothing acknowledged is lost: load from several clients while the server is
// killed, its database is stopped without warning, or its connections are cut; then the book is
// held against what the clients were told.

#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/crypto/note.h"
#include "common/ids/random.h"
#include "common/time/timers.h"
#include "tests/integration/service_fixture.h"

namespace joulebook::ledger {
namespace {

constexpr int kClients = 4;
constexpr int kMembers = 6;
constexpr int kBatchItems = 20;
constexpr int kDefaultRounds = 50;

// A client that posts batches, repeats what was not answered, and remembers what it was told.
class Client {
 public:
  Client(int number, uint64_t seed) : number_(number), random_(seed) {}

  // Until told to stop.
  void Run(const std::function<std::string()>& address, const std::atomic<bool>& is_over) {
    while (!is_over) {
      const std::string target = address();
      const auto stub = v1::LedgerService::NewStub(MakeChannel({.target = target}));
      while (!is_over && PostOnce(*stub)) {
      }
      sleeper_.SleepFor(std::chrono::milliseconds(20));
    }
  }

  // After the last round every open batch gets its answer.
  void Settle(Service& stub) {
    for (int tries = 0; !open_.transfers().empty() && tries < 20; ++tries) PostOnce(stub);
    EXPECT_TRUE(open_.transfers().empty());
  }

  // Holds what this client knows against the book.
  void Check(Service& stub) const {
    for (const auto& [id, result] : told_) {
      v1::GetTransferRequest get;
      get.set_transfer_id(id);
      const auto found = Call(stub, &Service::GetTransfer, get);
      if (result.position() == 0) {
        EXPECT_EQ(found.status().code(), absl::StatusCode::kNotFound) << id;
        continue;
      }
      ASSERT_THAT(found, IsOk()) << id << " was acknowledged";
      EXPECT_EQ(found->transfer().position(), result.position());
      EXPECT_EQ(found->transfer().moved_minor(), result.moved_minor());
    }
  }

  int64_t committed() const {
    int64_t count = 0;
    for (const auto& [id, result] : told_) count += result.position() != 0;
    return count;
  }

 private:
  bool PostOnce(Service& stub) {
    if (open_.transfers().empty()) open_ = NextBatch();
    const auto response = Call(stub, &Service::PostTransfers, open_, "", std::chrono::seconds(2));
    if (!response.ok()) return false;
    for (int i = 0; i < response->results_size(); ++i) {
      const v1::TransferResult& result = response->results(i);
      told_[result.id()] = result;
      if (result.position() != 0 && open_.transfers(i).kind() == v1::TRANSFER_KIND_RESERVE) {
        holds_.push_back(result.id());
      }
    }
    open_.Clear();
    return true;
  }

  v1::PostTransfersRequest NextBatch() {
    v1::PostTransfersRequest batch;
    for (int i = 0; i < kBatchItems; ++i) {
      auto& item = *batch.add_transfers();
      const int from = Below(kMembers);
      item = MakePost(TestId(2, number_ * 1'000'000 + ++last_id_), MemberId(from + 1),
                      MemberId((from + 1 + Below(kMembers - 1)) % kMembers + 1), 1 + Below(1'000));
      const int die = Below(10);
      if (die < 3) {
        item.set_kind(v1::TRANSFER_KIND_RESERVE);
        item.set_hold_ttl_ms(die == 0 ? 50 : 60'000);
      } else if (die < 5 && !holds_.empty()) {
        const std::string id = item.id();
        item.Clear();
        item.set_id(id);
        item.set_kind(die == 3 ? v1::TRANSFER_KIND_CHARGE : v1::TRANSFER_KIND_RELEASE);
        item.set_amount_minor(die == 3 ? 1 : 0);
        item.set_target_id(holds_.back());
        holds_.pop_back();
      } else if (die == 5 && i + 1 < kBatchItems) {
        item.set_linked(true);
      }
    }
    batch.mutable_transfers(kBatchItems - 1)->set_linked(false);
    return batch;
  }

  int Below(int bound) { return static_cast<int>(random_.Next() % static_cast<uint64_t>(bound)); }

  const int number_;
  SeededRandom random_;
  ThreadSleeper sleeper_;
  int last_id_ = 0;
  v1::PostTransfersRequest open_;
  std::vector<std::string> holds_;
  std::map<std::string, v1::TransferResult> told_;
};

class KillTest : public testing::Test {
 protected:
  void SetUp() override {
    auto postgres = PostgresServer::Start();
    ASSERT_THAT(postgres, IsOk());
    postgres_ = *std::move(postgres);
    ASSERT_THAT(postgres_->CreateDatabase("book"), IsOk());
    connection_ = PrepareBook(postgres_->Connection("book"));
    const auto signer = NoteSigner::Make("kill/ledger", Ed25519PrivateKey::NewSeed());
    std::ofstream(directory_ + "/log-keys") << signer->ToString();
    std::ofstream(directory_ + "/verifier-keys") << signer->verifier().ToString();
    StartLedger();
    const auto stub = ledger_->Stub();
    for (int number = 1; number <= kMembers; ++number) {
      v1::RegisterMemberRequest member;
      member.set_member_id(MemberId(number));
      ASSERT_THAT(Call(*stub, &Service::RegisterMember, member), IsOk());
    }
  }

  void StartLedger() {
    auto started = LedgerProcess::Start(
        connection_, {"--log-keys-file", directory_ + "/log-keys", "--seal-interval-ms", "100"});
    ASSERT_THAT(started, IsOk());
    const std::lock_guard lock(mutex_);
    ledger_.emplace(*std::move(started));
  }
  std::string Address() {
    const std::lock_guard lock(mutex_);
    return ledger_->address();
  }

  void KillLedger() {
    ledger_->process().Signal(SIGKILL);
    ledger_->process().Wait();
    StartLedger();
  }
  void StopPostgres() {
    postgres_->StopImmediately();
    ASSERT_THAT(postgres_->StartAgain(), IsOk());
  }
  void CutConnections() {
    ASSERT_THAT(RunCommand({"psql", "-q", "-X", "-d", postgres_->Connection("book"), "-c",
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename "
                            "= 'ledger'"}),
                IsOk());
  }

  const std::string directory_ = MakeTempDir();
  std::unique_ptr<PostgresServer> postgres_;
  std::string connection_;
  std::mutex mutex_;
  std::optional<LedgerProcess> ledger_;
};

TEST_F(KillTest, EveryAcknowledgedTransferIsThereOnceAndTheBooksAgree) {
  const char* chosen = std::getenv("JOULEBOOK_KILL_ROUNDS");
  const int rounds = chosen != nullptr ? std::atoi(chosen) : kDefaultRounds;
  const uint64_t seed = MakeSystemRandom()->Next() % 1'000'000;
  std::printf("%d rounds, seed %llu\n", rounds, static_cast<unsigned long long>(seed));
  SeededRandom random(seed);
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<std::thread> threads;
  std::atomic<bool> is_over = false;
  for (int number = 1; number <= kClients; ++number) {
    clients.push_back(std::make_unique<Client>(number, seed + static_cast<uint64_t>(number)));
    threads.emplace_back(
        [&, client = clients.back().get()] { client->Run([this] { return Address(); }, is_over); });
  }
  ThreadSleeper sleeper;
  for (int round = 0; round < rounds && !HasFatalFailure(); ++round) {
    sleeper.SleepFor(std::chrono::milliseconds(50 + random.Next() % 300));
    const int how = round % 5;
    how < 2 ? KillLedger() : how < 4 ? CutConnections() : StopPostgres();
  }
  is_over = true;
  for (auto& thread : threads) thread.join();

  const auto stub = ledger_->Stub();
  int64_t committed = 0;
  for (const auto& client : clients) {
    client->Settle(*stub);
    client->Check(*stub);
    committed += client->committed();
  }
  // Nothing was committed that no client knows of, but the grants and what the sweeper released.
  const auto unknown =
      RunCommand({"psql", "-q", "-X", "-At", "-d", postgres_->Connection("book"), "-c",
                  absl::StrCat("SELECT count(*) - ", committed + kMembers,
                               " FROM ledger.transfers WHERE result = 1 AND kind <> 6")});
  ASSERT_THAT(unknown, IsOk());
  EXPECT_EQ(*unknown, "0\n");
  EXPECT_GT(committed, rounds) << "the clients hardly got anything done";

  EXPECT_THAT(RunCommand({BinaryPath("ledgerd"), "check-books", "--database", connection_}),
              IsOk());
  const std::string log = directory_ + "/log";
  ASSERT_THAT(RunCommand({"bash", "-c",
                          absl::StrCat(BinaryPath("joulebook-export"), " --ledger ", Address(),
                                       " log > ", log)}),
              IsOk());
  const auto verified = RunCommand(
      {BinaryPath("joulebook-verify"), "--keys-file", directory_ + "/verifier-keys", "log", log});
  ASSERT_THAT(verified, IsOk());
  std::printf("%lld transfers acknowledged; %s", static_cast<long long>(committed),
              verified->c_str());
}

}  // namespace
}  // namespace joulebook::ledger
