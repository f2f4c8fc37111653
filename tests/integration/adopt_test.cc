// A book from before everything in it was logged: its migration takes it into
// the log.

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

// The last of the migrations before the log held everything.
constexpr std::size_t kOldMigrations = 4;

// A member with two trials, a frozen account and a changed reputation, and a
// transfer that was refused.
constexpr char kOldBook[] = R"(
INSERT INTO ledger.members VALUES ('09000000-0000-0000-0000-000000000001', '', 'Old',
  '01000000-0000-0000-0000-000000000001', 1, 1000, 560000, 700000, 500000, 500000, 500000, 0, 0, 1);
INSERT INTO ledger.reputation_changes VALUES ('06000000-0000-0000-0000-000000000001',
  '09000000-0000-0000-0000-000000000001', 1, 4000, 4, 700000, NULL, NULL, NULL, NULL, 'good',
  560000, 700000, 500000, 500000, 500000, 0, 0);
INSERT INTO ledger.accounts (id, owner_id, asset, role, lower_limit, state, requires_signature,
  metadata, opened_us) VALUES ('09000000-0000-0000-0000-000000000001',
  '09000000-0000-0000-0000-000000000001', 'J', 1, 0, 2, false, '{}', 1000);
INSERT INTO ledger.transfers (id, position, recorded_us, result, kind, flags, debit_id, credit_id,
  asset, operation, amount, moved, debit_posted, debit_reserved, debit_pending, debit_granted,
  debit_spent, debit_version, credit_posted, credit_reserved, credit_pending, credit_granted,
  credit_spent, credit_version) VALUES
 ('01000000-0000-0000-0000-000000000001', 1, 2000, 1, 1, 120, '00000000-0000-7000-8000-000000000001',
  '09000000-0000-0000-0000-000000000001', 'J', 25, 1000000000, 1000000000,
  -1000000000, 0, 0, 0, 1000000000, 1, 1000000000, 0, 0, 1000000000, 0, 1),
 ('01000000-0000-0000-0000-000000000003', 2, 2500, 1, 1, 120, '00000000-0000-7000-8000-000000000001',
  '09000000-0000-0000-0000-000000000001', 'J', 25, 500, 500,
  -1000000500, 0, 0, 0, 1000000500, 2, 1000000500, 0, 0, 1000000500, 0, 2),
 ('01000000-0000-0000-0000-000000000002', NULL, 3000, 71, 1, 120,
  '09000000-0000-0000-0000-000000000001', '00000000-0000-7000-8000-000000000001', 'J', 24,
  5000000000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
UPDATE ledger.book SET last_position = 2, last_recorded_us = 4000, member_count = 1;
)";

class AdoptTest : public testing::Test {
 protected:
  static std::string OldBook() {
    const std::string connection = MakeTestDatabase();
    EXPECT_THAT(Migrate(connection, kSchema, Migrations().first(kOldMigrations)), IsOk());
    EXPECT_THAT(RunIn(connection, kOldBook), IsOk());
    return connection;
  }

  // The two transfers of the old book, as its log has them.
  static TransferRecord OldTransfer(int64_t position, int64_t amount, int64_t posted) {
    TransferRecord record;
    record.position = position;
    record.request.id = NumberedId(position == 1 ? 1 : 3);
    record.request.debit = record.debit = kJouleIssuerId;
    record.request.credit = record.credit = NumberedId(1, 9);
    record.request.asset = record.asset = AssetCode("J");
    record.request.operation = record.operation = 25;
    record.request.amount = record.moved = amount;
    record.recorded = Time(Duration(1'500 + position * 500));
    record.debit_after = {.posted = -posted, .spent = posted, .version = position};
    record.credit_after = {.posted = posted, .granted = posted, .version = position};
    return record;
  }

  // Seals the old book's transfers, one after the other. The second has its leaf hash.
  void SealTheOldBook() {
    std::vector<Sha256Digest> leaves;
    std::string tile;
    for (const auto& record :
         {OldTransfer(1, 1'000'000'000, 1'000'000'000), OldTransfer(2, 500, 1'000'000'500)}) {
      leaves.push_back(MerkleLeafHash(CanonicalBytes(record)));
      tile += ToHex(AsBytes(leaves.back()));
      const Sha256Digest root = MerkleRoot(leaves);
      const std::string note =
          SignNote(FormatCheckpoint({"test/ledger", leaves.size(), root}), signers_);
      ASSERT_THAT(RunIn(connection_, absl::StrCat("INSERT INTO ledger.log_checkpoints VALUES (",
                                                  leaves.size(), ", '\\x", ToHex(AsBytes(root)),
                                                  "', ", 5'000 + leaves.size(), ", '", note, "')")),
                  IsOk());
    }
    ASSERT_THAT(
        RunIn(connection_, absl::StrCat("INSERT INTO ledger.log_tiles VALUES (0, 0, '\\x", tile,
                                        "'); SET LOCAL session_replication_role = replica; UPDATE "
                                        "ledger.transfers SET leaf_hash = '\\x",
                                        ToHex(AsBytes(leaves.back())), "' WHERE position = 2")),
        IsOk());
  }

  static absl::Status RunIn(const std::string& connection, const std::string& sql) {
    VirtualClock clock;
    SeededRandom random(1);
    ThreadSleeper sleeper;
    Pool pool({connection, 1});
    return RunTransaction({pool, clock, random, sleeper}, {}, [&](pqxx::transaction_base& tx) {
      tx.exec(sql);
      return absl::OkStatus();
    });
  }

  Difference Check(LogStore& log) {
    const auto difference =
        CheckBooks(log, ParsePricedUse, kTimeout, [](const BooksProgress&) { return true; });
    EXPECT_THAT(difference, IsOk());
    return difference.ok() ? *difference : Difference(difference.status().ToString());
  }

  TransferRequest Refused() {
    TransferRequest r;
    r.id = NumberedId(2);
    r.debit = NumberedId(1, 9);
    r.credit = kJouleIssuerId;
    r.asset = AssetCode("J");
    r.operation = 24;
    r.amount = 5'000'000'000;
    return r;
  }

  VirtualClock clock_;
  const std::string connection_ = OldBook();
  const std::vector<NoteSigner> signers_{
      *NoteSigner::Make("test/ledger", std::string(kEd25519SeedSize, 'k'))};
};

TEST_F(AdoptTest, TheMigrationTakesAnOldBookIntoTheLogOnce) {
  ASSERT_THAT(Migrate(connection_, kSchema, Migrations()), IsOk());
  Engine engine(connection_, clock_, 1);
  EXPECT_EQ(CheckAdopted(engine.database).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(engine.writer.SetAccountState(NumberedId(1, 9), AccountState::kOpen, kTimeout)
                .status()
                .code(),
            absl::StatusCode::kFailedPrecondition)
      << "nothing is written before";

  const auto adopted = AdoptBook(engine.database);

  ASSERT_THAT(adopted, IsOk());
  EXPECT_EQ(*adopted, 5) << "a member, its reputation, two accounts, a state";
  EXPECT_THAT(CheckAdopted(engine.database), IsOk());
  EXPECT_EQ(*AdoptBook(engine.database), 0) << "once";
  EXPECT_EQ(QueryNumber(engine, "SELECT last_position FROM ledger.book"), 8);
  const auto log = MakePgLogStore(engine.database);
  EXPECT_EQ(Check(*log), std::nullopt);

  EXPECT_EQ(engine.Post(Refused()).code, ResultCode::kExceedsAvailable) << "as it was refused then";
  ASSERT_THAT(engine.writer.SetAccountState(NumberedId(1, 9), AccountState::kOpen, kTimeout),
              IsOk());
  LogSealer sealer({}, signers_, *log, clock_, engine.ledger_metrics);
  ASSERT_THAT(sealer.Run(), IsOk());
  EXPECT_EQ(Check(*log), std::nullopt);
}

TEST_F(AdoptTest, TheLogGoesOnFromTheCheckpointsOfBefore) {
  SealTheOldBook();
  ASSERT_THAT(Migrate(connection_, kSchema, Migrations()), IsOk());
  Engine engine(connection_, clock_, 1);
  ASSERT_THAT(AdoptBook(engine.database), IsOk());
  const auto log = MakePgLogStore(engine.database);
  EXPECT_EQ(Check(*log), std::nullopt) << "the chain of the checkpoints is the one in the program";
  LogSealer sealer({}, signers_, *log, clock_, engine.ledger_metrics);
  EXPECT_EQ(sealer.Run().code(), absl::StatusCode::kFailedPrecondition)
      << "nothing is sealed until somebody says that the database is to be believed";

  ASSERT_THAT(sealer.Adopt(), IsOk());
  ASSERT_THAT(sealer.Run(), IsOk());

  EXPECT_EQ(Check(*log), std::nullopt);
  LogProofs proofs(*engine.store, *log, engine.ledger_metrics);
  EXPECT_THAT(proofs.ProveConsistency(2, 8, kTimeout), IsOk());
  ASSERT_THAT(RunIn(connection_,
                    "SET LOCAL session_replication_role = replica; "
                    "DELETE FROM ledger.log_checkpoints WHERE tree_size = 1"),
              IsOk());
  EXPECT_THAT(Check(*log).value_or(""),
              testing::HasSubstr("the checkpoint of 2 records: its chain"));
}

TEST_F(AdoptTest, AReputationThatItsHistoryDoesNotLeadToStopsTheMigration) {
  ASSERT_THAT(RunIn(connection_, "UPDATE ledger.members SET overall_ppm = 900000"), IsOk());
  ASSERT_THAT(Migrate(connection_, kSchema, Migrations()), IsOk());
  Engine engine(connection_, clock_, 1);
  EXPECT_EQ(AdoptBook(engine.database).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(CheckAdopted(engine.database).code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace joulebook::ledger
