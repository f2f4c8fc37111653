// The signer's memory outside of the database, against whoever changes the database.

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "common/testing/process.h"
#include "services/ledger/engine/log_sealer.h"
#include "services/ledger/store/pg_log_store.h"
#include "tests/integration/book_fixture.h"

namespace joulebook::ledger {
namespace {

class SignerTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_THAT(engine_.writer.RegisterMember({alice_, "", ""}, kTimeout), IsOk());
    ASSERT_THAT(engine_.writer.RegisterMember({bob_, "", ""}, kTimeout), IsOk());
    PostMany(300);
  }

  void PostMany(int count) {
    std::vector<TransferItem> items(static_cast<std::size_t>(count));
    for (TransferItem& item : items) {
      TransferRequest& r = item.request;
      r.id = NumberedId(++last_id_);
      r.debit = alice_;
      r.credit = bob_;
      r.asset = AssetCode("J");
      r.operation = 24;
      r.amount = 1;
    }
    ASSERT_EQ(engine_.Post(std::move(items)).back().code, ResultCode::kOk);
  }

  // A signer's process with the memory of that name.
  LogSealer Sealer(const std::string& memory, uint8_t replica = 1, int max_leaves = 1'000) {
    return {
        {.holder = NumberedId(replica, 8), .max_leaves = max_leaves, .memory_file = Path(memory)},
        {*NoteSigner::Make("test/ledger", std::string(kEd25519SeedSize, 'k'))},
        *log_,
        clock_,
        engine_.ledger_metrics};
  }
  std::string Path(const std::string& memory) const {
    return absl::StrCat(directory_, "/", memory);
  }

  // As somebody with all rights and bad intentions.
  void ChangeByHand(const std::string& sql) {
    ASSERT_THAT(RunTransaction(engine_.database, {},
                               [&](pqxx::transaction_base& tx) {
                                 tx.exec("SET LOCAL session_replication_role = replica; " + sql);
                                 return absl::OkStatus();
                               }),
                IsOk())
        << sql;
  }
  void ForgetTheLog() {
    ChangeByHand("DELETE FROM ledger.log_checkpoints; DELETE FROM ledger.log_tiles");
  }
  void ChangeARecord() {
    ChangeByHand(
        "UPDATE ledger.transfers SET reference = 'x', leaf_hash = NULL WHERE position = 9");
  }

  int64_t CheckpointSize() {
    return QueryNumber(engine_, "SELECT coalesce(max(tree_size), 0) FROM ledger.log_checkpoints");
  }
  void ExpectRefused(LogSealer& sealer) {
    const double before = engine_.ledger_metrics.seal_refusals.Value();
    EXPECT_EQ(sealer.Run().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(engine_.ledger_metrics.seal_refusals.Value(), before + 1);
  }

  const Uuid alice_ = NumberedId(1, 9);
  const Uuid bob_ = NumberedId(2, 9);
  uint64_t last_id_ = 0;
  const std::string directory_ = MakeTempDir();
  VirtualClock clock_;
  const std::string connection_ = MakeBookDatabase();
  Engine engine_{connection_, clock_, 1};
  const std::unique_ptr<LogStore> log_ = MakePgLogStore(engine_.database);
};

TEST_F(SignerTest, DeletedCheckpointsAndLeafHashesGetNoSecondRootOfTheSameSize) {
  LogSealer sealer = Sealer("memory");
  ASSERT_THAT(sealer.Run(), IsOk());
  ASSERT_EQ(CheckpointSize(), 307);
  ForgetTheLog();
  ChangeARecord();
  ExpectRefused(sealer);
  LogSealer restarted = Sealer("memory");
  ExpectRefused(restarted);
  PostMany(10);  // nor of a larger one
  ExpectRefused(restarted);
  EXPECT_EQ(CheckpointSize(), 0);
}

TEST_F(SignerTest, ALogThatWasTurnedBackIsNotSignedOn) {
  LogSealer sealer = Sealer("memory");
  ASSERT_THAT(sealer.Run(), IsOk());
  PostMany(10);
  ASSERT_THAT(sealer.Run(), IsOk());
  ChangeByHand(
      "DELETE FROM ledger.log_checkpoints; DELETE FROM ledger.log_tiles; "
      "DELETE FROM ledger.transfers WHERE position > 307; "
      "UPDATE ledger.book SET last_position = 307, head_hash = (SELECT leaf_hash FROM "
      "ledger.transfers WHERE position = 307)");
  ExpectRefused(sealer);
  PostMany(20);
  ExpectRefused(sealer);
}

TEST_F(SignerTest, WhatWasSignedAndNotWrittenIsSignedAgain) {
  LogSealer sealer = Sealer("memory");
  ASSERT_THAT(sealer.Run(), IsOk());
  ForgetTheLog();  // as if the commit had failed
  ASSERT_THAT(sealer.Run(), IsOk());
  EXPECT_EQ(CheckpointSize(), 307);
  ForgetTheLog();
  PostMany(10);
  ASSERT_THAT(Sealer("memory").Run(), IsOk());
  EXPECT_EQ(CheckpointSize(), 317);
}

TEST_F(SignerTest, WhatWasSignedAndNotWrittenIsSignedAgainWhateverASealMayTake) {
  ASSERT_THAT(Sealer("memory").Run(), IsOk());
  const double refusals = engine_.ledger_metrics.seal_refusals.Value();
  ForgetTheLog();  // as if the commit had failed
  LogSealer smaller = Sealer("memory", 1, 100);
  ASSERT_THAT(smaller.Run(), IsOk());
  EXPECT_EQ(CheckpointSize(), 307);
  PostMany(250);
  ASSERT_THAT(smaller.Run(), IsOk());
  EXPECT_EQ(CheckpointSize(), 557);
  EXPECT_EQ(QueryNumber(engine_, "SELECT count(*) FROM ledger.log_checkpoints"), 4)
      << "307, 407, 507, 557";
  EXPECT_EQ(engine_.ledger_metrics.seal_refusals.Value(), refusals);
  ForgetTheLog();
  ChangeARecord();
  ExpectRefused(smaller);
}

TEST_F(SignerTest, WithoutAMemoryALogIsAdoptedOnlyWhenSomebodySaysSo) {
  LogSealer nothing_yet = Sealer("other", 2);
  EXPECT_EQ(nothing_yet.Adopt().code(), absl::StatusCode::kFailedPrecondition) << "no checkpoint";
  ASSERT_THAT(Sealer("memory").Run(), IsOk());
  LogSealer fresh = Sealer("other", 2);
  ExpectRefused(fresh);
  ASSERT_THAT(fresh.Adopt(), IsOk());
  ASSERT_THAT(fresh.Run(), IsOk());
  EXPECT_EQ(fresh.Adopt().code(), absl::StatusCode::kFailedPrecondition) << "it remembers one";
  std::filesystem::resize_file(Path("other"), 20);
  EXPECT_EQ(fresh.Run().code(), absl::StatusCode::kDataLoss) << "half a memory is none";
}

TEST_F(SignerTest, AReplicaFollowsWhatAnotherSealsAndRefusesASecondHistory) {
  LogSealer sealing = Sealer("memory");
  ASSERT_THAT(sealing.Run(), IsOk());
  LogSealer following = Sealer("other", 2);
  ASSERT_THAT(following.Adopt(), IsOk());
  PostMany(10);
  ASSERT_THAT(sealing.Run(), IsOk());
  ASSERT_THAT(following.Run(), IsOk());
  // Somebody with the key, and without a memory, signs another history.
  ForgetTheLog();
  ChangeARecord();
  PostMany(10);
  ASSERT_THAT(Sealer("forger").Run(), IsOk());
  ExpectRefused(following);
  // Also when its turn to seal comes.
  clock_.Advance(std::chrono::seconds(6));
  PostMany(10);
  ExpectRefused(following);
  EXPECT_EQ(CheckpointSize(), 327);
}

}  // namespace
}  // namespace joulebook::ledger
