// What decides is proven: every column of every table, changed by hand, and
// every row that is gone, is named by the check of the books. The columns are
// those that the database has, so that a new one cannot be forgotten.

#include <map>

#include "absl/strings/str_cat.h"
#include "services/ledger/engine/books_check.h"
#include "services/ledger/engine/log_sealer.h"
#include "services/ledger/rpc/parse_quote.h"
#include "services/ledger/store/pg_log_store.h"
#include "tests/integration/book_fixture.h"

namespace joulebook::ledger {
namespace {

// Columns that decide nothing in the book, and why. TABLE alone stands for all
// of its columns.
const std::map<std::string, const char*> kDecideNothing = {
    {"schema_migrations", "the program compares it with its own list when it starts"},
    {"log_lease", "says which replica seals next; what it may seal the log says"},
};
// Columns whose values the schema fixes.
const std::set<std::string> kFixed = {"book.only_row"};

struct Column {
  std::string table;
  std::string name;
  std::string type;
};

class ColumnsTest : public testing::Test {
 protected:
  void SetUp() override {
    FillTheBook();
    ASSERT_EQ(Check(), std::nullopt);
    for (const std::string& table : Tables()) {
      absl::StrAppend(&restore_, "DELETE FROM ledger.", table, "; INSERT INTO ledger.", table,
                      " TABLE saved.", table, ";");
      ASSERT_THAT(Execute(absl::StrCat("CREATE SCHEMA IF NOT EXISTS saved; CREATE TABLE saved.",
                                       table, " AS TABLE ledger.", table)),
                  IsOk());
    }
  }

  // Something in every table: all kinds of transfers and records, a refusal,
  // more than one level of the tree and more than one checkpoint.
  void FillTheBook() {
    ASSERT_THAT(engine_.writer.RegisterMember({alice_, std::string(32, 'k'), "Alice"}, kTimeout),
                IsOk());
    ASSERT_THAT(engine_.writer.RegisterMember({bob_, "", "Bob"}, kTimeout), IsOk());
    ASSERT_THAT(engine_.writer.CreateAccount({.id = NumberedId(3, 9),
                                              .owner = bob_,
                                              .asset = AssetCode("J"),
                                              .upper_limit = 1'000,
                                              .metadata = {{"of", "bob"}}},
                                             kTimeout),
                IsOk());
    ASSERT_THAT(engine_.writer.SetAccountState(NumberedId(3, 9), AccountState::kFrozen, kTimeout),
                IsOk());
    ASSERT_THAT(engine_.writer.RecordReputationChange({.id = NumberedId(1, 6),
                                                       .member = alice_,
                                                       .cause = ReputationCause::kPositiveRating,
                                                       .quality_ppm = 700'000,
                                                       .note = "good"},
                                                      kTimeout),
                IsOk());
    TransferRequest refused = Request(TransferKind::kPost, INT64_MAX);
    ASSERT_EQ(engine_.Post(refused).code, ResultCode::kExceedsAvailable);
    TransferRequest hold = Request(TransferKind::kReserve, 50);
    hold.once_key = NumberedId(1, 7);
    ASSERT_EQ(engine_.Post(hold).code, ResultCode::kOk);
    TransferRequest charge = Request(TransferKind::kCharge, 20);
    charge.target = hold.id;
    charge.keep_rest = true;
    charge.debit = charge.credit = std::nullopt;
    charge.asset = AssetCode();
    charge.operation = 0;
    ASSERT_EQ(engine_.Post(charge).code, ResultCode::kOk);
    hold = Request(TransferKind::kReserve, 5);
    ASSERT_EQ(engine_.Post(hold).code, ResultCode::kOk);
    charge.id = NumberedId(++last_id_);
    charge.target = hold.id;
    charge.amount = 5;
    charge.keep_rest = false;
    ASSERT_EQ(engine_.Post(charge).code, ResultCode::kOk);
    ASSERT_THAT(sealer_.Run(), IsOk());
    std::vector<TransferItem> many;
    for (int i = 0; i < 300; ++i)
      many.push_back({ResultCode::kOk, Request(TransferKind::kPost, 1)});
    ASSERT_EQ(engine_.Post(std::move(many)).back().code, ResultCode::kOk);
    ASSERT_THAT(sealer_.Run(), IsOk());
  }

  TransferRequest Request(TransferKind kind, int64_t amount) {
    TransferRequest r;
    r.id = NumberedId(++last_id_);
    r.kind = kind;
    r.debit = alice_;
    r.credit = bob_;
    r.asset = AssetCode("J");
    r.operation = 24;
    r.amount = amount;
    r.reference = "ref";
    return r;
  }

  // As somebody with all rights and bad intentions.
  absl::Status Execute(const std::string& sql) {
    return RunTransaction(engine_.database, {}, [&](pqxx::transaction_base& tx) {
      tx.exec("SET LOCAL session_replication_role = replica; " + sql);
      return absl::OkStatus();
    });
  }
  // Whether a row was changed.
  bool Changes(const std::string& sql) {
    bool changes = false;
    return RunTransaction(engine_.database, {},
                          [&](pqxx::transaction_base& tx) {
                            tx.exec("SET LOCAL session_replication_role = replica");
                            changes = tx.exec(sql).affected_rows() == 1;
                            return absl::OkStatus();
                          })
               .ok() &&
           changes;
  }
  void Restore() { ASSERT_THAT(Execute(restore_), IsOk()); }

  Difference Check() {
    const auto difference =
        CheckBooks(*log_, ParsePricedUse, kTimeout, [](const BooksProgress&) { return true; });
    return difference.ok() ? *difference : Difference(difference.status().ToString());
  }

  std::vector<Column> Columns() {
    std::vector<Column> columns;
    EXPECT_THAT(
        RunTransaction(engine_.database, {},
                       [&](pqxx::transaction_base& tx) {
                         columns.clear();
                         for (const auto& row :
                              tx.exec("SELECT c.table_name, c.column_name, c.data_type "
                                      "FROM information_schema.columns c JOIN "
                                      "information_schema.tables t USING (table_schema, "
                                      "table_name) "
                                      "WHERE table_schema = 'ledger' AND table_type = "
                                      "'BASE TABLE' "
                                      "ORDER BY 1, ordinal_position")) {
                           columns.push_back({row[0].as<std::string>(), row[1].as<std::string>(),
                                              row[2].as<std::string>()});
                         }
                         return absl::OkStatus();
                       }),
        IsOk());
    return columns;
  }
  // Those that decide something.
  std::set<std::string> Tables() {
    std::set<std::string> tables;
    for (const Column& column : Columns()) {
      if (!kDecideNothing.contains(column.table)) tables.insert(column.table);
    }
    return tables;
  }

  // Other values for a column, the first that the schema takes is used.
  static std::vector<std::string> OtherValues(const Column& column) {
    const std::string& name = column.name;
    if (column.type == "uuid") return {"gen_random_uuid()"};
    if (column.type == "boolean") return {absl::StrCat("NOT ", name)};
    if (column.type == "jsonb") return {R"('{"x": "y"}')"};
    if (column.type == "text") return {absl::StrCat("coalesce(", name, ", '') || 'x'"), "'X'"};
    if (column.type == "bytea") {
      return {absl::StrCat("coalesce(", name, ", '') || '\\x01'::bytea"), "sha256('x')"};
    }
    std::vector<std::string> numbers;
    for (const char* change : {"+ 1000", "+ 1", "- 1"}) {
      numbers.push_back(absl::StrCat("coalesce(", name, ", 0) ", change));
    }
    return numbers;
  }

  // Changes the column in one row of those, preferably one that has a value
  // there. False when the schema takes none of the other values in any of the
  // first rows.
  bool ChangeOne(const Column& column, const std::string& where) {
    for (int row = 0; row < 3; ++row) {
      for (const std::string& value : OtherValues(column)) {
        if (Changes(absl::StrCat("UPDATE ledger.", column.table, " SET ", column.name, " = ", value,
                                 " WHERE ctid = (SELECT ctid FROM ledger.", column.table, " WHERE ",
                                 where, " ORDER BY ", column.name, " IS NULL, ctid LIMIT 1 OFFSET ",
                                 row, ")"))) {
          return true;
        }
      }
    }
    return false;
  }

  void ExpectNamed(const Column& column, const std::string& where) {
    const std::string name = absl::StrCat(column.table, ".", column.name);
    const bool is_changed = ChangeOne(column, where);
    EXPECT_EQ(is_changed, !kFixed.contains(name)) << name << " where " << where;
    if (!is_changed) return;
    EXPECT_NE(Check(), std::nullopt) << name << " where " << where;
    Restore();
  }

  const Uuid alice_ = NumberedId(1, 9);
  const Uuid bob_ = NumberedId(2, 9);
  uint64_t last_id_ = 0;
  std::string restore_;
  VirtualClock clock_;
  const std::string connection_ = MakeBookDatabase();
  Engine engine_{connection_, clock_, 1};
  const std::unique_ptr<LogStore> log_ = MakePgLogStore(engine_.database);
  LogSealer sealer_{{},
                    {*NoteSigner::Make("test/ledger", std::string(kEd25519SeedSize, 'k'))},
                    *log_,
                    clock_,
                    engine_.ledger_metrics};
};

TEST_F(ColumnsTest, EachThatIsChangedByHandIsNamed) {
  for (const Column& column : Columns()) {
    if (kDecideNothing.contains(column.table)) continue;
    if (column.table == "transfers") {
      ExpectNamed(column, "result = 1");
      ExpectNamed(column, "result <> 1");
    } else {
      ExpectNamed(column, "true");
    }
  }
  EXPECT_EQ(Check(), std::nullopt) << "restored";
}

TEST_F(ColumnsTest, EachRowThatIsGoneIsNamed) {
  for (const std::string& table : Tables()) {
    for (const char* order : {"", " DESC"}) {
      const std::string sql =
          absl::StrCat("DELETE FROM ledger.", table, " WHERE ctid = (SELECT ctid FROM ledger.",
                       table, " ORDER BY ctid", order, " LIMIT 1)");
      ASSERT_TRUE(Changes(sql)) << sql;
      EXPECT_TRUE(Check().has_value()) << sql;
      Restore();
    }
  }
  EXPECT_EQ(Check(), std::nullopt) << "restored";
}

}  // namespace
}  // namespace joulebook::ledger
