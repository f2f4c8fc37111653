// Nothing acknowledged is lost, whatever dies: load from several clients on two replicas while
// these are killed and paused, their database is stopped without warning, or their connections are
// cut; then the book is held against what the clients were told.

#include <signal.h>

#include <array>
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

constexpr int kReplicas = 2;
constexpr int kClients = 4;
constexpr int kMembers = 6;
constexpr int kBatchItems = 20;
constexpr int kDefaultRounds = 50;

// A client that posts batches, repeats what was not answered, and remembers what it was told.
class Client {
 public:
  Client(int number, uint64_t seed) : number_(number), random_(seed) {}

  // Until told to stop. Every batch goes to another replica than the one before, so what is held or
  // posted at one is charged, released and reversed at the other.
  void Run(const std::function<std::string(int replica)>& address,
           const std::atomic<bool>& is_over) {
    std::array<std::unique_ptr<Service>, kReplicas> stubs;
    for (int replica = 0; !is_over; replica = (replica + 1) % kReplicas) {
      auto& stub = stubs[static_cast<std::size_t>(replica)];
      if (stub == nullptr) {
        stub = v1::LedgerService::NewStub(MakeChannel({.target = address(replica)}));
      }
      if (PostOnce(*stub)) continue;
      stub.reset();
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
      if (result.position() == 0) continue;
      const v1::TransferKind kind = open_.transfers(i).kind();
      if (kind == v1::TRANSFER_KIND_RESERVE) holds_.push_back(result.id());
      if (kind == v1::TRANSFER_KIND_POST) posts_.push_back(result.id());
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
      } else if (die == 3) {
        Follow(v1::TRANSFER_KIND_CHARGE, 1, holds_, item);
      } else if (die == 4) {
        Follow(v1::TRANSFER_KIND_RELEASE, 0, holds_, item);
      } else if (die == 5) {
        Follow(v1::TRANSFER_KIND_REVERSE, 1, posts_, item);
      } else if (die == 6 && i + 1 < kBatchItems) {
        item.set_linked(true);
      }
    }
    batch.mutable_transfers(kBatchItems - 1)->set_linked(false);
    return batch;
  }

  // Makes the item one that has the newest of the targets, if there is one.
  static void Follow(v1::TransferKind kind, int64_t amount, std::vector<std::string>& targets,
                     v1::TransferRequest& item) {
    if (targets.empty()) return;
    const std::string id = item.id();
    item.Clear();
    item.set_id(id);
    item.set_kind(kind);
    item.set_amount_minor(amount);
    item.set_target_id(targets.back());
    targets.pop_back();
  }

  int Below(int bound) { return static_cast<int>(random_.Next() % static_cast<uint64_t>(bound)); }

  const int number_;
  SeededRandom random_;
  ThreadSleeper sleeper_;
  int last_id_ = 0;
  v1::PostTransfersRequest open_;
  std::vector<std::string> holds_;
  std::vector<std::string> posts_;
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
    for (auto& ledger : ledgers_) StartLedger(ledger);
    const auto stub = ledgers_[0]->Stub();
    for (int number = 1; number <= kMembers; ++number) {
      v1::RegisterMemberRequest member;
      member.set_member_id(MemberId(number));
      ASSERT_THAT(Call(*stub, &Service::RegisterMember, member), IsOk());
    }
  }

  void StartLedger(std::optional<LedgerProcess>& ledger) {
    auto started = LedgerProcess::Start(
        connection_,
        {"--log-keys-file", directory_ + "/log-keys", "--log-memory-file",
         absl::StrCat(directory_, "/log-memory-", &ledger - ledgers_.data()), "--seal-interval-ms",
         "100", "--expiry-interval-ms", "50", "--commit-timeout-ms", "1000"});
    ASSERT_THAT(started, IsOk());
    const std::lock_guard lock(mutex_);
    ledger.emplace(*std::move(started));
  }
  std::string Address(int replica) {
    const std::lock_guard lock(mutex_);
    return ledgers_[static_cast<std::size_t>(replica)]->address();
  }

  void Kill(std::optional<LedgerProcess>& ledger) {
    ledger->process().Signal(SIGKILL);
    EXPECT_EQ(ledger->process().Wait(), -SIGKILL) << "it had ended by itself";
    StartLedger(ledger);
  }
  // Sometimes for longer than others wait for a lock that it may hold.
  void Pause(LedgerProcess& ledger, Duration time) {
    ledger.process().Signal(SIGSTOP);
    sleeper_.SleepFor(time);
    ledger.process().Signal(SIGCONT);
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
  std::array<std::optional<LedgerProcess>, kReplicas> ledgers_;
  ThreadSleeper sleeper_;
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
    threads.emplace_back([&, client = clients.back().get()] {
      client->Run([this](int replica) { return Address(replica); }, is_over);
    });
  }
  for (int round = 0; round < rounds && !HasFatalFailure(); ++round) {
    sleeper_.SleepFor(std::chrono::milliseconds(50 + random.Next() % 300));
    auto& ledger = ledgers_[random.Next() % kReplicas];
    const int how = round % 5;
    if (how < 2) Kill(ledger);
    if (how == 2) Pause(*ledger, std::chrono::milliseconds(50 + random.Next() % 1'500));
    if (how == 3) CutConnections();
    if (how == 4) StopPostgres();
  }
  is_over = true;
  for (auto& thread : threads) thread.join();

  const auto stub = ledgers_[0]->Stub();
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
                          absl::StrCat(BinaryPath("joulebook-export"), " --ledger ", Address(0),
                                       " log > ", log)}),
              IsOk());
  const auto verified = RunCommand(
      {BinaryPath("joulebook-verify"), "--keys-file", directory_ + "/verifier-keys", "log", log});
  ASSERT_THAT(verified, IsOk());
  for (auto& ledger : ledgers_) {
    ledger->process().Signal(SIGTERM);
    EXPECT_EQ(ledger->process().Wait(), 0);
  }
  std::printf("%lld transfers acknowledged; %s", static_cast<long long>(committed),
              verified->c_str());
}

}  // namespace
}  // namespace joulebook::ledger
