// A database that is turned back under a running server: what it remembers is
// of another history.

#include "absl/strings/str_cat.h"
#include "tests/integration/book_fixture.h"

namespace joulebook::ledger {
namespace {

constexpr int64_t kTrial = 1'000'000'000;
// The tables that a commit writes.
constexpr const char* kTables[] = {"book",      "members", "reputation_changes", "accounts",
                                   "transfers", "holds",   "once_keys",          "records"};

class RewindTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const Uuid& member : {alice_, bob_, carol_}) {
      ASSERT_THAT(a_.writer.RegisterMember({member, "", ""}, kTimeout), IsOk());
    }
    ASSERT_EQ(Post(a_, alice_, 10).code, ResultCode::kOk);
  }

  TransferOutcome Post(Engine& engine, const Uuid& from, int64_t amount,
                       std::optional<Uuid> to = {}) {
    TransferRequest r;
    r.id = NumberedId(++last_id_);
    r.debit = from;
    r.credit = to.value_or(bob_);
    r.asset = AssetCode("J");
    r.operation = 24;
    r.amount = amount;
    return engine.Post(r);
  }

  void Execute(const std::string& sql) {
    ASSERT_THAT(RunTransaction(a_.database, {},
                               [&](pqxx::transaction_base& tx) {
                                 tx.exec("SET LOCAL session_replication_role = replica; " + sql);
                                 return absl::OkStatus();
                               }),
                IsOk());
  }
  void BackUp() {
    std::string sql = "CREATE SCHEMA saved;";
    for (const char* table : kTables) {
      absl::StrAppend(&sql, "CREATE TABLE saved.", table, " AS TABLE ledger.", table, ";");
    }
    Execute(sql);
  }
  void Restore() {
    std::string sql;
    for (const char* table : kTables) {
      absl::StrAppend(&sql, "DELETE FROM ledger.", table, "; INSERT INTO ledger.", table,
                      " TABLE saved.", table, ";");
    }
    Execute(sql);
  }

  const Uuid alice_ = NumberedId(1, 9);
  const Uuid bob_ = NumberedId(2, 9);
  const Uuid carol_ = NumberedId(4, 9);
  uint64_t last_id_ = 0;
  SystemClock clock_;
  const std::string connection_ = MakeBookDatabase();
  Engine a_{connection_, clock_, 1};
};

// Carol pays in the history that is lost, and in that alone. The parameter says
// how many transfers another writer makes on the restored book before the old
// one goes on: none, as many as were lost (so that the position is the one
// remembered), fewer and more.
class RewoundBookTest : public RewindTest, public testing::WithParamInterface<int> {};

TEST_P(RewoundBookTest, IsNotDecidedOnWhatWasRememberedOfAnotherHistory) {
  BackUp();
  for (int lost = 0; lost < 3; ++lost) ASSERT_EQ(Post(a_, carol_, 1'000).code, ResultCode::kOk);
  Restore();
  Engine b(connection_, clock_, 2);
  for (int made = 0; made < GetParam(); ++made) ASSERT_EQ(Post(b, alice_, 7).code, ResultCode::kOk);
  for (int64_t after = 1; after <= 3; ++after) {
    const TransferOutcome outcome = Post(a_, carol_, 1);
    ASSERT_EQ(outcome.code, ResultCode::kOk);
    EXPECT_EQ(outcome.debit_after.posted, kTrial - after);
    EXPECT_EQ(outcome.credit_after.posted, kTrial + 10 + 7 * GetParam() + after);
  }
  ExpectBookIsSound(a_);
}

INSTANTIATE_TEST_SUITE_P(MadeByAnother, RewoundBookTest, testing::Values(0, 1, 3, 8));

TEST_F(RewindTest, AnAccountThatWasOpenedInTheLostHistoryIsNotThere) {
  BackUp();
  const Uuid lost = NumberedId(3, 9);
  ASSERT_THAT(a_.writer.RegisterMember({lost, "", ""}, kTimeout), IsOk());
  Restore();
  EXPECT_EQ(Post(a_, alice_, 1, lost).code, ResultCode::kCreditAccountNotFound);
  ExpectBookIsSound(a_);
}

}  // namespace
}  // namespace joulebook::ledger
