// Effects that happen once: over replicas that race, over restarts, and whatever the writer thinks.

#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/testing/process.h"
#include "services/ledger/engine/books_check.h"
#include "services/ledger/rpc/parse_quote.h"
#include "services/ledger/store/pg_log_store.h"
#include "tests/integration/book_fixture.h"

namespace joulebook::ledger {
namespace {

constexpr uint64_t kEffects = 60;

class OnceKeysTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const Uuid& member : {alice_, bob_}) {
      ASSERT_THAT(a_.writer.RegisterMember({member, "", ""}, kTimeout), IsOk());
    }
  }

  TransferRequest Attempt(uint64_t id, TransferKind kind, uint64_t effect) const {
    TransferRequest r;
    r.id = NumberedId(id);
    r.kind = kind;
    r.debit = alice_;
    r.credit = bob_;
    r.asset = AssetCode("J");
    r.operation = 24;
    r.amount = 10;
    r.once_key = NumberedId(effect, 7);
    return r;
  }
  static TransferRequest Of(uint64_t hold, uint64_t id, TransferKind kind) {
    TransferRequest r;
    r.id = NumberedId(id);
    r.kind = kind;
    r.target = NumberedId(hold);
    r.amount = kind == TransferKind::kCharge ? 10 : 0;
    return r;
  }

  // Makes each effect until it is done, by whoever; every second attempt goes by a hold, and every
  // third hold is released again.
  void MakeAll(Engine& engine, uint64_t client, std::atomic<uint64_t>& made) const {
    uint64_t id = client * 1'000'000;
    for (uint64_t effect = 1; effect <= kEffects; ++effect) {
      for (bool is_done = false; !is_done;) {
        const bool reserves = ++id % 2 == 0;
        const uint64_t attempt = id;
        const auto outcome = engine.Post(
            Attempt(attempt, reserves ? TransferKind::kReserve : TransferKind::kPost, effect));
        is_done = outcome.code == ResultCode::kOnceDone;
        if (outcome.code != ResultCode::kOk) {
          ASSERT_TRUE(is_done || outcome.code == ResultCode::kOnceReserved)
              << static_cast<int>(outcome.code);
          EXPECT_TRUE(outcome.done_by.has_value());
          continue;
        }
        const bool charges = !reserves || id % 3 != 0;
        const TransferKind end = charges ? TransferKind::kCharge : TransferKind::kRelease;
        if (reserves) {
          EXPECT_EQ(engine.Post(Of(attempt, ++id, end)).code, ResultCode::kOk);
        }
        made += charges;
      }
    }
  }

  Difference Check() {
    const auto log = MakePgLogStore(a_.database);
    const auto difference =
        CheckBooks(*log, ParsePricedUse, kTimeout, [](const BooksProgress&) { return true; });
    EXPECT_THAT(difference, IsOk());
    return difference.ok() ? *difference : Difference(difference.status().ToString());
  }

  const Uuid alice_ = NumberedId(1, 9);
  const Uuid bob_ = NumberedId(2, 9);
  SystemClock clock_;
  const std::string connection_ = MakeBookDatabase();
  Engine a_{connection_, clock_, 1};
  Engine b_{connection_, clock_, 2};
};

TEST_F(OnceKeysTest, ReplicasThatRaceWithTheSameKeysMakeEachEffectOnce) {
  std::atomic<uint64_t> made = 0;
  std::vector<std::thread> threads;
  uint64_t client = 0;
  for (Engine* engine : {&a_, &b_, &a_, &b_}) {
    threads.emplace_back([&, engine, number = ++client] { MakeAll(*engine, number, made); });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(made, kEffects);
  EXPECT_EQ(QueryNumber(a_,
                        "SELECT count(*) FROM ledger.transfers WHERE result = 1 AND amount = "
                        "10 AND kind IN (1, 3)"),
            static_cast<int64_t>(kEffects));
  EXPECT_EQ(QueryNumber(a_, "SELECT count(*) FROM ledger.once_keys WHERE is_done"),
            static_cast<int64_t>(kEffects));
  EXPECT_EQ(Check(), std::nullopt);
  ExpectBookIsSound(a_);
}

TEST_F(OnceKeysTest, AHoldAtOneReplicaBindsTheOtherAndOneThatWasStartedAgain) {
  ASSERT_EQ(a_.Post(Attempt(1, TransferKind::kReserve, 1)).code, ResultCode::kOk);
  const auto reserved = b_.Post(Attempt(2, TransferKind::kPost, 1));
  EXPECT_EQ(reserved.code, ResultCode::kOnceReserved);
  EXPECT_EQ(reserved.done_by, NumberedId(1));
  ASSERT_EQ(b_.Post(Of(1, 3, TransferKind::kRelease)).code, ResultCode::kOk);
  ASSERT_EQ(a_.Post(Attempt(4, TransferKind::kReserve, 1)).code, ResultCode::kOk);
  ASSERT_EQ(b_.Post(Of(4, 5, TransferKind::kCharge)).code, ResultCode::kOk);
  Engine started_again(connection_, clock_, 3);
  for (Engine* engine : {&a_, &b_, &started_again}) {
    const auto done = engine->Post(Attempt(6, TransferKind::kPost, 1));
    EXPECT_EQ(done.code, ResultCode::kOnceDone);
    EXPECT_EQ(done.done_by, NumberedId(5));
    EXPECT_EQ(done.moved, 10);
  }
  EXPECT_EQ(Check(), std::nullopt);
}

TEST_F(OnceKeysTest, AnExpiredHoldFreesItsKeyWhoeverSweeps) {
  TransferRequest hold = Attempt(1, TransferKind::kReserve, 1);
  hold.hold_ttl_ms = 1;
  ASSERT_EQ(a_.Post(hold).code, ResultCode::kOk);
  while (QueryNumber(b_, "SELECT count(*) FROM ledger.once_keys") != 0) {
    ASSERT_THAT(b_.writer.ExpireHolds(10, kTimeout), IsOk());
  }
  EXPECT_EQ(a_.Post(Attempt(2, TransferKind::kPost, 1)).code, ResultCode::kOk);
  EXPECT_EQ(Check(), std::nullopt);
}

TEST_F(OnceKeysTest, ABookThatWasRestoredKnowsWhatIsDoneAndWhatIsHeld) {
  ASSERT_EQ(a_.Post(Attempt(1, TransferKind::kPost, 1)).code, ResultCode::kOk);
  ASSERT_EQ(a_.Post(Attempt(2, TransferKind::kReserve, 2)).code, ResultCode::kOk);
  const std::string restored = MakeTestDatabase();
  ASSERT_THAT(RunCommand({"bash", "-c",
                          absl::StrCat("pg_dump -d '", connection_, "' | psql -q -X -d '", restored,
                                       "' -v ON_ERROR_STOP=1")}),
              IsOk());
  Engine there(restored, clock_, 3);
  EXPECT_EQ(there.Post(Attempt(3, TransferKind::kPost, 1)).done_by, NumberedId(1));
  EXPECT_EQ(there.Post(Attempt(4, TransferKind::kPost, 2)).done_by, NumberedId(2));
  ASSERT_EQ(there.Post(Of(2, 5, TransferKind::kCharge)).code, ResultCode::kOk);
  EXPECT_EQ(there.Post(Attempt(6, TransferKind::kPost, 2)).code, ResultCode::kOnceDone);
  // The book that was dumped goes on by itself.
  EXPECT_EQ(a_.Post(Attempt(6, TransferKind::kPost, 2)).code, ResultCode::kOnceReserved);
}

// More than travel in a pipeline, with all that can become of a key within one commit.
TEST_F(OnceKeysTest, ABatchOfManyKeysIsWrittenAsItWasDecided) {
  std::vector<TransferItem> items;
  for (uint64_t effect = 1; effect <= kEffects; ++effect) {
    const uint64_t hold = 10 * effect, other = hold + 1;
    items.push_back({ResultCode::kOk, Attempt(hold, TransferKind::kReserve, effect)});
    if (effect % 3 == 0) continue;  // stays reserved
    items.push_back(
        {ResultCode::kOk,
         Of(hold, other, effect % 3 == 1 ? TransferKind::kCharge : TransferKind::kRelease)});
  }
  for (const auto& outcome : a_.Post(std::move(items))) EXPECT_EQ(outcome.code, ResultCode::kOk);
  EXPECT_EQ(QueryNumber(b_, "SELECT count(*) FROM ledger.once_keys WHERE is_done"),
            static_cast<int64_t>(kEffects / 3));
  EXPECT_EQ(QueryNumber(b_, "SELECT count(*) FROM ledger.once_keys WHERE NOT is_done"),
            static_cast<int64_t>(kEffects / 3));
  EXPECT_EQ(Check(), std::nullopt);
}

// The table's own guard: whatever a writer thinks, what is done stays done.
TEST_F(OnceKeysTest, TheDatabaseRefusesToForgetWhatIsDone) {
  ASSERT_EQ(a_.Post(Attempt(1, TransferKind::kPost, 1)).code, ResultCode::kOk);
  for (const char* sql :
       {"DELETE FROM ledger.once_keys", "UPDATE ledger.once_keys SET is_done = false",
        "UPDATE ledger.once_keys SET transfer_id = key", "TRUNCATE ledger.once_keys"}) {
    EXPECT_FALSE(RunTransaction(a_.database, {},
                                [&](pqxx::transaction_base& tx) {
                                  tx.exec(sql);
                                  return absl::OkStatus();
                                })
                     .ok())
        << sql;
  }
}

}  // namespace
}  // namespace joulebook::ledger
