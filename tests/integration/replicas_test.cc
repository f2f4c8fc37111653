// Several replicas on one database.

#include <atomic>
#include <thread>

#include "tests/integration/book_fixture.h"

namespace joulebook::ledger {
namespace {

constexpr int kAccounts = 6;
constexpr int kThreadsPerReplica = 3;
constexpr int kBatchesPerThread = 40;
constexpr int kBatchItems = 25;

class ReplicasTest : public testing::Test {
 protected:
  Uuid Account(int64_t number) { return NumberedId(static_cast<uint64_t>(number), 3); }

  void OpenAccounts() {
    ASSERT_THAT(a_.writer.RegisterMember({Account(0), "", ""}, kTimeout), IsOk());
    for (int number = 1; number < kAccounts; ++number) {
      ASSERT_THAT(
          a_.writer.CreateAccount(
              {.id = Account(number), .owner = Account(0), .asset = AssetCode("J")}, kTimeout),
          IsOk());
    }
  }

  TransferItem RandomItem(SeededRandom& random, const Uuid& id) {
    TransferItem item;
    TransferRequest& r = item.request;
    r.id = id;
    r.kind = random.Next() % 3 == 0 ? TransferKind::kReserve : TransferKind::kPost;
    const auto from = static_cast<int64_t>(random.Next() % kAccounts);
    r.debit = Account(from);
    r.credit =
        Account((from + 1 + static_cast<int64_t>(random.Next() % (kAccounts - 1))) % kAccounts);
    r.asset = AssetCode("J");
    r.operation = 24;
    r.amount = static_cast<int64_t>(random.Next() % 50'000'000) + 1;
    if (r.kind == TransferKind::kReserve)
      r.hold_ttl_ms = 1 + static_cast<int64_t>(random.Next() % 30);
    return item;
  }

  // Posts from several threads of one replica; every third batch repeats one that the other
  // replica may be posting at the same time.
  void Load(Engine& engine, int replica, std::atomic<int64_t>& committed) {
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreadsPerReplica; ++thread) {
      threads.emplace_back([&, thread] {
        for (int batch = 0; batch < kBatchesPerThread; ++batch) {
          const bool is_shared = batch % 3 == 0;
          const int stream = is_shared ? thread : thread + 10 * (replica + 1);
          SeededRandom random(static_cast<uint64_t>(stream * 1'000 + batch));
          std::vector<TransferItem> items;
          for (int i = 0; i < kBatchItems; ++i) {
            const int number = (stream * 1'000 + batch) * 100 + i;
            items.push_back(RandomItem(random, NumberedId(static_cast<uint64_t>(number))));
          }
          for (const auto& outcome : engine.Post(std::move(items))) {
            committed += outcome.code == ResultCode::kOk;
          }
        }
      });
    }
    for (auto& thread : threads) thread.join();
  }

  SystemClock clock_;
  ThreadSleeper sleeper_;
  const std::string connection_ = MakeBookDatabase();
  Engine a_{connection_, clock_, 1};
  Engine b_{connection_, clock_, 2};
};

TEST_F(ReplicasTest, OverlappingLoadLosesNothingAndCountsNothingTwice) {
  OpenAccounts();
  std::atomic<int64_t> committed = 0;
  std::thread other([&] { Load(b_, 1, committed); });
  Load(a_, 0, committed);
  other.join();
  EXPECT_EQ(committed, QueryNumber(a_,
                                   "SELECT count(*) FROM ledger.transfers WHERE result = 1 AND "
                                   "operation = 24 AND kind <> 6"));
  ExpectBookIsSound(a_);
}

TEST_F(ReplicasTest, EachHoldExpiresOnceWhoeverSweeps) {
  OpenAccounts();
  constexpr int kHolds = 200;
  for (int i = 0; i < kHolds; ++i) {
    TransferRequest r;
    r.id = NumberedId(static_cast<uint64_t>(i) + 1);
    r.kind = TransferKind::kReserve;
    r.debit = Account(0);
    r.credit = Account(1);
    r.asset = AssetCode("J");
    r.operation = 1;
    r.amount = 1;
    r.hold_ttl_ms = 1;
    ASSERT_EQ(a_.Post(r).code, ResultCode::kOk);
  }
  std::atomic<int> expired = 0;
  const auto sweep = [&](Engine& engine) {
    for (int i = 0; i < 50; ++i) expired += *engine.writer.ExpireHolds(7, kTimeout);
  };
  std::thread other([&] { sweep(b_); });
  sweep(a_);
  other.join();
  EXPECT_EQ(expired, kHolds);
  EXPECT_EQ(QueryNumber(a_, "SELECT count(*) FROM ledger.transfers WHERE kind = 6"), kHolds);
  ExpectBookIsSound(a_);
}

// One replica reserves or posts; the other charges, releases, reverses and lets expire, while both
// remember the accounts from before.
TEST_F(ReplicasTest, EachKindWithATargetFollowsWhatTheOtherReplicaDid) {
  OpenAccounts();
  uint64_t last_id = 0;
  const auto request = [&](TransferKind kind, int64_t amount) {
    TransferRequest r;
    r.id = NumberedId(++last_id);
    r.kind = kind;
    r.amount = amount;
    if (kind == TransferKind::kPost || kind == TransferKind::kReserve) {
      r.debit = Account(0);
      r.credit = Account(1);
      r.asset = AssetCode("J");
      r.operation = 24;
    }
    return r;
  };
  const auto follow = [&](TransferKind first, TransferKind second, int64_t amount) {
    const TransferRequest target = request(first, 1'000);
    ASSERT_EQ(a_.Post(target).code, ResultCode::kOk);
    TransferRequest r = request(second, amount);
    r.target = target.id;
    ASSERT_EQ(b_.Post(r).code, ResultCode::kOk) << "kind " << static_cast<int>(second);
  };
  for (int round = 0; round < 10; ++round) {
    // Alone, so that each replica decides from memory next.
    for (Engine* engine : {&b_, &b_, &a_, &a_}) {
      ASSERT_EQ(engine->Post(request(TransferKind::kPost, 1)).code, ResultCode::kOk);
    }
    follow(TransferKind::kReserve, TransferKind::kCharge, 700);
    follow(TransferKind::kReserve, TransferKind::kRelease, 0);
    follow(TransferKind::kPost, TransferKind::kReverse, 300);
    TransferRequest brief = request(TransferKind::kReserve, 1'000);
    brief.hold_ttl_ms = 1;
    ASSERT_EQ(a_.Post(brief).code, ResultCode::kOk);
    sleeper_.SleepFor(std::chrono::milliseconds(2));
    ASSERT_EQ(*b_.writer.ExpireHolds(10, kTimeout), 1);
  }
  EXPECT_EQ(QueryNumber(a_, "SELECT count(*) FROM ledger.transfers WHERE result = 1 AND kind > 2"),
            40);
  ExpectBookIsSound(a_);
}

// A refused mint with the id of a hold that this replica does not remember, in one group with what
// ends the hold.
TEST_F(ReplicasTest, WhoMayNotIssueSpoilsNobodysHold) {
  OpenAccounts();
  uint64_t last_id = 0;
  for (const TransferKind kind : {TransferKind::kCharge, TransferKind::kRelease}) {
    TransferItem hold;
    hold.request.id = NumberedId(++last_id);
    hold.request.kind = TransferKind::kReserve;
    hold.request.debit = Account(0);
    hold.request.credit = Account(1);
    hold.request.asset = AssetCode("J");
    hold.request.operation = 24;
    hold.request.amount = 10;
    ASSERT_EQ(a_.Post({hold})[0].code, ResultCode::kOk);

    TransferItem mint = hold;
    mint.request.kind = TransferKind::kPost;
    mint.request.debit = kJouleIssuerId;
    mint.may_issue = false;
    TransferItem end;
    end.request.id = NumberedId(++last_id);
    end.request.kind = kind;
    end.request.target = hold.request.id;
    end.request.amount = kind == TransferKind::kCharge ? 10 : 0;
    Engine fresh{connection_, clock_, 3};  // remembers nothing
    const auto outcomes = fresh.Post({mint, end});
    EXPECT_EQ(outcomes[0].code, ResultCode::kExistsWithDifferentKind);
    EXPECT_EQ(outcomes[1].code, ResultCode::kOk) << "kind " << static_cast<int>(kind);
  }
  ExpectBookIsSound(a_);
}

TEST_F(ReplicasTest, WhoMayNotIssueIsToldWhatWasIssuedUnderTheId) {
  OpenAccounts();
  TransferItem mint;
  mint.request.id = NumberedId(1);
  mint.request.debit = kJouleIssuerId;
  mint.request.credit = Account(0);
  mint.request.asset = AssetCode("J");
  mint.request.operation = 24;
  mint.request.amount = 5;
  mint.may_issue = false;
  EXPECT_EQ(a_.Post({mint})[0].code, ResultCode::kIssuerRoleRequired);
  mint.may_issue = true;
  const auto issued = a_.Post({mint})[0];
  ASSERT_EQ(issued.code, ResultCode::kOk);
  mint.may_issue = false;
  for (Engine* engine : {&a_, &b_}) {
    const auto again = engine->Post({mint})[0];
    EXPECT_EQ(again.code, ResultCode::kExists);
    EXPECT_EQ(again.position, issued.position);
  }
}

TEST_F(ReplicasTest, RacingRegistrationsGrantTheTrialOnce) {
  constexpr int kMembers = 20;
  std::atomic<int> registered = 0;
  std::vector<std::thread> threads;
  for (Engine* engine : {&a_, &b_, &a_, &b_}) {
    threads.emplace_back([&, engine] {
      for (uint64_t i = 0; i < kMembers; ++i) {
        const auto member = engine->writer.RegisterMember({NumberedId(i, 4), "", ""}, kTimeout);
        ASSERT_THAT(member, IsOk());
        registered += member->is_new;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(registered, kMembers);
  EXPECT_EQ(QueryNumber(a_, "SELECT count(*) FROM ledger.transfers WHERE reference = 'trial'"),
            kMembers);
  ExpectBookIsSound(a_);
}

TEST_F(ReplicasTest, AClockThatRunsBehindNeverTurnsTheBookBack) {
  VirtualClock ahead(Time(std::chrono::seconds(2'000'000'000)));
  Engine early{connection_, ahead, 3};
  OpenAccounts();
  TransferRequest hold;
  hold.id = NumberedId(1);
  hold.kind = TransferKind::kReserve;
  hold.debit = Account(0);
  hold.credit = Account(1);
  hold.asset = AssetCode("J");
  hold.operation = 1;
  hold.amount = 1;
  hold.hold_ttl_ms = 1'000;
  ASSERT_EQ(early.Post(hold).code, ResultCode::kOk);
  ahead.Advance(std::chrono::seconds(1));
  EXPECT_EQ(*early.writer.ExpireHolds(10, kTimeout), 1);

  TransferRequest charge;
  charge.id = NumberedId(2);
  charge.kind = TransferKind::kCharge;
  charge.target = hold.id;
  charge.amount = 1;
  EXPECT_EQ(a_.Post(charge).code, ResultCode::kHoldExpired);
  ExpectBookIsSound(a_);
}

}  // namespace
}  // namespace joulebook::ledger
