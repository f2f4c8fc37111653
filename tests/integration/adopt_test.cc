// A book from before everything in it was logged: its migration takes it into
// the log.

#include "services/ledger/engine/books_check.h"
#include "services/ledger/engine/log_sealer.h"
#include "services/ledger/rpc/parse_quote.h"
#include "services/ledger/store/pg_log_store.h"
#include "tests/integration/book_fixture.h"

namespace joulebook::ledger {
namespace {

// The last of the migrations before the log held everything.
constexpr std::size_t kOldMigrations = 4;

// A member with a trial, a frozen account and a changed reputation, and a
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
 ('01000000-0000-0000-0000-000000000002', NULL, 3000, 71, 1, 120,
  '09000000-0000-0000-0000-000000000001', '00000000-0000-7000-8000-000000000001', 'J', 24,
  5000000000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
UPDATE ledger.book SET last_position = 1, last_recorded_us = 4000, member_count = 1;
)";

class AdoptTest : public testing::Test {
 protected:
  static std::string OldBook() {
    const std::string connection = MakeTestDatabase();
    EXPECT_THAT(Migrate(connection, kSchema, Migrations().first(kOldMigrations)), IsOk());
    EXPECT_THAT(RunIn(connection, kOldBook), IsOk());
    return connection;
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
  EXPECT_EQ(QueryNumber(engine, "SELECT last_position FROM ledger.book"), 7);
  const auto log = MakePgLogStore(engine.database);
  EXPECT_EQ(Check(*log), std::nullopt);

  EXPECT_EQ(engine.Post(Refused()).code, ResultCode::kExceedsAvailable) << "as it was refused then";
  ASSERT_THAT(engine.writer.SetAccountState(NumberedId(1, 9), AccountState::kOpen, kTimeout),
              IsOk());
  LogSealer sealer({}, {*NoteSigner::Make("test/ledger", std::string(kEd25519SeedSize, 'k'))}, *log,
                   clock_, engine.ledger_metrics);
  ASSERT_THAT(sealer.Run(), IsOk());
  EXPECT_EQ(Check(*log), std::nullopt);
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
