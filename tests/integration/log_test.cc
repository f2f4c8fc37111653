// The Merkle log over the book: sealing by lease, proofs, and what a check of the books finds.

#include "absl/strings/str_cat.h"
#include "services/ledger/domain/canonical.h"
#include "services/ledger/engine/books_check.h"
#include "services/ledger/engine/log_proofs.h"
#include "services/ledger/engine/log_sealer.h"
#include "services/ledger/rpc/parse_quote.h"
#include "services/ledger/store/pg_log_store.h"
#include "tests/integration/book_fixture.h"

namespace joulebook::ledger {
namespace {

std::vector<NoteSigner> TestSigners() {
  return {*NoteSigner::Make("test/ledger", std::string(kEd25519SeedSize, 'k'))};
}

// One replica with its sealer.
struct Replica {
  Replica(const std::string& connection, Clock& clock, uint64_t seed, int max_leaves = 1'000)
      : engine(connection, clock, seed),
        log(MakePgLogStore(engine.database)),
        sealer({.holder = NumberedId(seed, 8), .max_leaves = max_leaves}, TestSigners(), *log,
               clock, engine.ledger_metrics),
        proofs(*engine.store, *log, engine.ledger_metrics) {}

  Difference Check() {
    const auto difference =
        CheckBooks(*log, ParsePricedUse, kTimeout, [](const BooksProgress&) { return true; });
    EXPECT_THAT(difference, IsOk());
    return difference.ok() ? *difference : Difference(difference.status().ToString());
  }

  Engine engine;
  std::unique_ptr<LogStore> log;
  LogSealer sealer;
  LogProofs proofs;
};

class LogTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const Uuid& member : {alice_, bob_}) {
      ASSERT_THAT(a_.engine.writer.RegisterMember({member, "", ""}, kTimeout), IsOk());
    }
  }

  TransferRequest Request(uint64_t id, TransferKind kind, int64_t amount) {
    TransferRequest r;
    r.id = NumberedId(id);
    r.kind = kind;
    r.amount = amount;
    if (kind == TransferKind::kPost || kind == TransferKind::kReserve) {
      r.debit = alice_;
      r.credit = bob_;
      r.asset = AssetCode("J");
      r.operation = 24;
    }
    return r;
  }
  TransferRequest To(uint64_t target, TransferRequest request) {
    request.target = NumberedId(target);
    return request;
  }

  TransferRequest Once(const OnceKey& key, TransferRequest request) {
    request.once_key = key;
    return request;
  }

  // Every kind of transfer: positions 8 to 14, after the issuer and two members with
  // their accounts and trials.
  void PostEveryKind() {
    TransferRequest expiring = Request(6, TransferKind::kReserve, 4);
    expiring.hold_ttl_ms = 1;
    TransferRequest part = To(2, Request(3, TransferKind::kCharge, 10));
    part.keep_rest = true;
    for (const TransferRequest& request :
         {Request(1, TransferKind::kPost, 100), Request(2, TransferKind::kReserve, 50), part,
          To(2, Request(4, TransferKind::kRelease, 0)),
          To(1, Request(5, TransferKind::kReverse, 30)), expiring}) {
      ASSERT_EQ(a_.engine.Post(request).code, ResultCode::kOk);
    }
    clock_.Advance(std::chrono::seconds(1));
    ASSERT_EQ(*a_.engine.writer.ExpireHolds(10, kTimeout), 1);
  }

  void PostMany(uint64_t first_id, int count) {
    std::vector<TransferItem> items;
    for (int i = 0; i < count; ++i) {
      items.push_back(
          {ResultCode::kOk, Request(first_id + static_cast<uint64_t>(i), TransferKind::kPost, 1)});
    }
    for (const auto& outcome : a_.engine.Post(std::move(items))) {
      ASSERT_EQ(outcome.code, ResultCode::kOk);
    }
  }

  // As somebody with all rights and bad intentions.
  void ChangeByHand(const std::string& sql) {
    ASSERT_THAT(RunTransaction(a_.engine.database, {},
                               [&](pqxx::transaction_base& tx) {
                                 tx.exec("SET LOCAL session_replication_role = replica; " + sql);
                                 return absl::OkStatus();
                               }),
                IsOk())
        << sql;
  }

  const Uuid alice_ = NumberedId(1, 9);
  const Uuid bob_ = NumberedId(2, 9);
  VirtualClock clock_;
  const std::string connection_ = MakeBookDatabase();
  Replica a_{connection_, clock_, 1};
};

TEST_F(LogTest, AKeyOfAnotherNameDoesNotGoOnSealingTheLog) {
  ASSERT_THAT(a_.sealer.Run(), IsOk());
  const auto sealed = a_.proofs.FindCheckpoint(0, kTimeout);
  PostMany(1, 1);
  LogSealer other({.holder = NumberedId(7, 8)},
                  {*NoteSigner::Make("other/ledger", std::string(kEd25519SeedSize, 'k'))}, *a_.log,
                  clock_, a_.engine.ledger_metrics);
  clock_.Advance(std::chrono::seconds(60));  // the lease is free
  const absl::Status refused = other.Run();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(refused.message(),
            "the log's origin is test/ledger, but the first key of log-keys is named other/ledger");
  EXPECT_EQ(a_.engine.ledger_metrics.seal_failures.Value(), 1);
  EXPECT_EQ(a_.proofs.FindCheckpoint(0, kTimeout)->size, sealed->size);
  ASSERT_THAT(a_.sealer.Run(), IsOk());
  EXPECT_EQ(a_.proofs.FindCheckpoint(0, kTimeout)->size, sealed->size + 1);
}

TEST_F(LogTest, ACheckIsGivenUpWhereverItIs) {
  PostEveryKind();
  int calls = 0;
  const auto count = [&](const BooksProgress&) { return ++calls > 0; };
  ASSERT_THAT(CheckBooks(*a_.log, ParsePricedUse, kTimeout, count), IsOk());
  const int all = std::exchange(calls, 0);
  EXPECT_GT(all, 6) << "the log's two and one for each table";
  for (int given_up = 1; given_up <= all; ++given_up) {
    calls = 0;
    EXPECT_EQ(CheckBooks(*a_.log, ParsePricedUse, kTimeout,
                         [&](const BooksProgress&) { return ++calls < given_up; })
                  .status()
                  .code(),
              absl::StatusCode::kCancelled);
  }
}

TEST_F(LogTest, ACheckEndsWithItsTime) {
  EXPECT_EQ(
      CheckBooks(*a_.log, ParsePricedUse, Duration(0), [](const BooksProgress&) { return true; })
          .status()
          .code(),
      absl::StatusCode::kDeadlineExceeded);
}

TEST_F(LogTest, EverySealedTransferHasAProofAndEveryCheckpointExtendsTheOneBefore) {
  const auto none = a_.proofs.FindCheckpoint(0, kTimeout);
  EXPECT_THAT(none, StatusIs(absl::StatusCode::kNotFound, "CHECKPOINT_NOT_FOUND"));
  int64_t last_size = 0;
  uint64_t next_id = 1'000;
  for (const int count : {1, 254, 1, 700, 2'000}) {  // the last takes more than one seal
    PostMany(next_id, count);
    next_id += static_cast<uint64_t>(count);
    const Uuid newest = NumberedId(next_id - 1);
    EXPECT_THAT(a_.proofs.ProveTransfer(newest, last_size, kTimeout),
                StatusIs(last_size == 0 ? absl::StatusCode::kNotFound
                                        : absl::StatusCode::kFailedPrecondition,
                         last_size == 0 ? "CHECKPOINT_NOT_FOUND" : "NOT_SEALED_YET"));
    ASSERT_THAT(a_.sealer.Run(), IsOk());
    const auto checkpoint = a_.proofs.FindCheckpoint(0, kTimeout);
    ASSERT_THAT(checkpoint, IsOk());
    EXPECT_EQ(checkpoint->size, QueryNumber(a_.engine, "SELECT last_position FROM ledger.book"));
    const auto opened = OpenNote(checkpoint->note, std::vector{TestSigners()[0].verifier()});
    ASSERT_THAT(opened, IsOk());
    EXPECT_EQ(ParseCheckpoint(*opened)->root, checkpoint->root);
    // A proof that comes back has been verified; see LogProofs.
    for (const uint64_t id :
         {next_id - 1, next_id - static_cast<uint64_t>(count), uint64_t{1'000}}) {
      ASSERT_THAT(a_.proofs.ProveTransfer(NumberedId(id), 0, kTimeout), IsOk());
    }
    if (last_size > 0) {
      ASSERT_THAT(a_.proofs.ProveConsistency(last_size, 0, kTimeout), IsOk());
      EXPECT_THAT(a_.proofs.ProveConsistency(checkpoint->size, last_size, kTimeout),
                  StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
    }
    last_size = checkpoint->size;
  }
  EXPECT_THAT(a_.proofs.ProveTransfer(NumberedId(7), 0, kTimeout),
              StatusIs(absl::StatusCode::kNotFound, "TRANSFER_NOT_FOUND"));
  EXPECT_THAT(a_.proofs.FindCheckpoint(4, kTimeout),
              StatusIs(absl::StatusCode::kNotFound, "CHECKPOINT_NOT_FOUND"));
  EXPECT_EQ(a_.Check(), std::nullopt);
}

TEST_F(LogTest, OneOfSeveralReplicasSealsAndAnotherTakesOverWhenItIsGone) {
  Replica b(connection_, clock_, 2);
  PostMany(1'000, 10);
  ASSERT_THAT(a_.sealer.Run(), IsOk());
  PostMany(2'000, 10);
  ASSERT_THAT(b.sealer.Adopt(), IsOk());
  ASSERT_THAT(b.sealer.Run(), IsOk());
  EXPECT_EQ(b.engine.ledger_metrics.transfers_sealed.Value(), 0) << "a has the lease";
  EXPECT_EQ(QueryNumber(b.engine, "SELECT fence FROM ledger.log_lease"), 1);
  clock_.Advance(std::chrono::seconds(6));
  ASSERT_THAT(b.sealer.Run(), IsOk());
  EXPECT_EQ(b.engine.ledger_metrics.transfers_sealed.Value(), 10);
  EXPECT_EQ(QueryNumber(b.engine, "SELECT fence FROM ledger.log_lease"), 2);
  // a slept through its lease: it seals nothing, and says nothing wrong.
  PostMany(3'000, 10);
  ASSERT_THAT(a_.sealer.Run(), IsOk());
  EXPECT_EQ(a_.engine.ledger_metrics.transfers_sealed.Value(), 17);
  EXPECT_GE(a_.engine.ledger_metrics.sealing_lag_seconds.Value(), 0);
  ASSERT_THAT(b.sealer.Run(), IsOk());
  EXPECT_EQ(a_.Check(), std::nullopt);
}

TEST_F(LogTest, LeavesOfTransfersFromBeforeTheLogAreHashedFromTheirContent) {
  PostEveryKind();
  ChangeByHand("UPDATE ledger.transfers SET leaf_hash = NULL WHERE position < 11");
  ASSERT_THAT(a_.sealer.Run(), IsOk());
  EXPECT_THAT(a_.proofs.ProveTransfer(NumberedId(1), 0, kTimeout), IsOk());
  // But a log that holds everything from its first position has them all.
  EXPECT_THAT(a_.Check().value_or(""), testing::HasSubstr("its leaf hash is missing"));
}

TEST_F(LogTest, AGapStopsTheSealer) {
  PostMany(1'000, 5);
  ChangeByHand("DELETE FROM ledger.transfers WHERE position = 9");
  EXPECT_EQ(a_.sealer.Run().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(a_.engine.ledger_metrics.seal_failures.Value(), 1);
}

// A done key by a post, one by a charge, one of an open hold, one that was freed.
TEST_F(LogTest, OnceKeysThatWereChangedByHandAreNamed) {
  const OnceKey posted = NumberedId(1, 7), charged = NumberedId(2, 7), held = NumberedId(3, 7),
                freed = NumberedId(4, 7);
  for (const TransferRequest& request : {Once(posted, Request(1, TransferKind::kPost, 1)),
                                         Once(charged, Request(2, TransferKind::kReserve, 2)),
                                         To(2, Request(3, TransferKind::kCharge, 2)),
                                         Once(held, Request(4, TransferKind::kReserve, 3)),
                                         Once(freed, Request(5, TransferKind::kReserve, 4)),
                                         To(5, Request(6, TransferKind::kRelease, 0))}) {
    ASSERT_EQ(a_.engine.Post(request).code, ResultCode::kOk);
  }
  ASSERT_EQ(a_.Check(), std::nullopt);
  const auto key = [](const OnceKey& id) { return absl::StrCat("'", id.ToString(), "'"); };
  const std::string of_hold = absl::StrCat(" WHERE id = '", NumberedId(4).ToString(), "'");
  const std::pair<std::string, const char*> changes[] = {
      {"DELETE FROM ledger.once_keys WHERE key = " + key(posted), "is missing"},
      {"DELETE FROM ledger.once_keys WHERE key = " + key(held), "is missing"},
      {absl::StrCat("INSERT INTO ledger.once_keys VALUES (", key(freed), ", ", key(posted),
                    ", true)"),
       "no transfer has it"},
      {"UPDATE ledger.once_keys SET key = " + key(freed) + " WHERE key = " + key(charged),
       "no transfer has it"},
      {"UPDATE ledger.once_keys SET is_done = true WHERE key = " + key(held), "has not been made"},
      {"UPDATE ledger.once_keys SET is_done = false WHERE key = " + key(posted), "has been made"},
      {"UPDATE ledger.once_keys SET transfer_id = " + key(held) + " WHERE key = " + key(charged),
       "has it, not"},
      {"UPDATE ledger.holds SET once_key = NULL" + of_hold, "once_key should be"},
      {"UPDATE ledger.holds SET once_key = " + key(freed) + of_hold, "once_key should be"},
      {"UPDATE ledger.transfers SET once_key = NULL" + of_hold, "leaf hash"},
      {"UPDATE ledger.transfers SET once_key = " + key(posted) + of_hold, "leaf hash"},
      {"UPDATE ledger.transfers SET leaf_hash = NULL, once_key = " + key(posted) + of_hold,
       "leaf hash is missing"},
  };
  for (const auto& [sql, named] : changes) {
    ChangeByHand(
        "CREATE TABLE kept_keys AS TABLE ledger.once_keys; "
        "CREATE TABLE kept_holds AS TABLE ledger.holds; "
        "CREATE TABLE kept_transfers AS TABLE ledger.transfers; " +
        sql);
    const Difference difference = a_.Check();
    ASSERT_TRUE(difference.has_value()) << sql;
    EXPECT_NE(difference->find(named), std::string::npos) << sql << ": " << *difference;
    ChangeByHand(
        "DELETE FROM ledger.once_keys; INSERT INTO ledger.once_keys TABLE kept_keys; "
        "DELETE FROM ledger.holds; INSERT INTO ledger.holds TABLE kept_holds; "
        "DELETE FROM ledger.transfers; INSERT INTO ledger.transfers TABLE kept_transfers; "
        "DROP TABLE kept_keys, kept_holds, kept_transfers");
    ASSERT_EQ(a_.Check(), std::nullopt);
  }
}

struct Tampering {
  const char* sql;
  const char* named;  // what the difference must say
};

class TamperingTest : public LogTest, public testing::WithParamInterface<Tampering> {};

TEST_P(TamperingTest, IsNamed) {
  PostEveryKind();
  ASSERT_THAT(a_.sealer.Run(), IsOk());
  ASSERT_EQ(a_.Check(), std::nullopt);
  ChangeByHand(GetParam().sql);
  const Difference difference = a_.Check();
  ASSERT_TRUE(difference.has_value()) << GetParam().sql;
  EXPECT_NE(difference->find(GetParam().named), std::string::npos) << *difference;
}

INSTANTIATE_TEST_SUITE_P(
    ByHand, TamperingTest,
    testing::Values(
        Tampering{"UPDATE ledger.transfers SET moved = 99 WHERE position = 8", "position 8,"},
        Tampering{"UPDATE ledger.transfers SET reference = 'x' WHERE position = 9", "position 9,"},
        Tampering{"UPDATE ledger.transfers SET recorded_us = 5 WHERE position = 10",
                  "position 10,"},
        Tampering{"UPDATE ledger.transfers SET credit_posted = credit_posted + 1, credit_granted = "
                  "credit_granted + 1 WHERE position = 14",
                  "position 14,"},
        Tampering{"UPDATE ledger.transfers SET leaf_hash = sha256('x') WHERE position = 11",
                  "position 11,"},
        Tampering{
            "UPDATE ledger.transfers SET reference = 'x', leaf_hash = NULL WHERE position = 12",
            "position 12,"},
        Tampering{"DELETE FROM ledger.transfers WHERE position = 14", "last_position should be 13"},
        Tampering{"DELETE FROM ledger.transfers WHERE position = 10", "position 10 should be next"},
        Tampering{"UPDATE ledger.transfers SET position = -1 WHERE position = 10",
                  "position 1 should be next and -1 is"},
        Tampering{"DELETE FROM ledger.book", "the book's row is missing"},
        Tampering{"UPDATE ledger.holds SET remaining = 1, state = 1 WHERE amount = 50", "hold"},
        Tampering{"UPDATE ledger.holds SET state = 2 WHERE amount = 4",
                  "state should be 4 and is 2"},
        Tampering{"DELETE FROM ledger.holds WHERE amount = 50", "is missing"},
        Tampering{"INSERT INTO ledger.holds VALUES (gen_random_uuid(), gen_random_uuid(), "
                  "gen_random_uuid(), 'J', 1, 5, 5, 1, 0)",
                  "no transfer reserved it"},
        Tampering{"UPDATE ledger.accounts SET asset = 'KWH' WHERE role = 1",
                  "asset should be J and is KWH"},
        Tampering{"UPDATE ledger.accounts SET role = 3 WHERE role = 1",
                  "role should be 1 and is 3"},
        Tampering{"UPDATE ledger.accounts SET lower_limit = 2000000000 WHERE role = 1",
                  "lower_limit should be 0"},
        Tampering{"UPDATE ledger.accounts SET upper_limit = 1 WHERE role = 1",
                  "upper_limit should be absent"},
        Tampering{"DELETE FROM ledger.accounts WHERE role = 3", "is missing"},
        Tampering{"UPDATE ledger.book SET last_position = 15", "last_position should be 14"},
        Tampering{"UPDATE ledger.log_tiles SET hashes = sha256('x')", "position 1,"},
        Tampering{"UPDATE ledger.log_checkpoints SET root = sha256('x')", "the checkpoint of 14"},
        Tampering{"UPDATE ledger.log_checkpoints SET note = 'x'", "the checkpoint of 14"},
        Tampering{"INSERT INTO ledger.log_checkpoints VALUES (17, sha256('x'), 0, 'x', 'x')",
                  "a checkpoint of 17"}));

TEST_F(LogTest, AProofOfAChangedTransferIsNotGivenOut) {
  PostEveryKind();
  ASSERT_THAT(a_.sealer.Run(), IsOk());
  ChangeByHand("UPDATE ledger.transfers SET reference = 'x', leaf_hash = NULL WHERE position = 8");
  EXPECT_EQ(a_.proofs.ProveTransfer(NumberedId(1), 0, kTimeout).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_THAT(a_.proofs.ProveTransfer(NumberedId(2), 0, kTimeout), IsOk());
  ChangeByHand("UPDATE ledger.log_tiles SET hashes = substr(hashes, 1, 32)");
  EXPECT_EQ(a_.proofs.ProveTransfer(NumberedId(2), 0, kTimeout).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(a_.engine.ledger_metrics.proof_failures.Value(), 2);
  PostMany(1'000, 1);
  EXPECT_EQ(a_.sealer.Run().code(), absl::StatusCode::kDataLoss) << "nothing is sealed onto it";
}

}  // namespace
}  // namespace joulebook::ledger
