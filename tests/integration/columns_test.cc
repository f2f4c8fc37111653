// All that decides is proven: every column of every table, changed by hand, and
// every row that is gone, is named by the check of the books. The columns are
// those that the database has, so that a new one cannot be forgotten.

#include <map>
#include <regex>

#include "absl/strings/str_cat.h"
#include "common/rpc/timestamps.h"
#include "joulebook/ledger/v1/ledger_service.pb.h"
#include "services/ledger/engine/books_check.h"
#include "services/ledger/engine/log_sealer.h"
#include "services/ledger/rpc/convert_transfer.h"
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

// How the check names a row of each table: an expression over its columns that gives a regular
// expression. The name of a tile of leaves may be the first record that is not in it, and that of
// the log's end may be the position at which it should be.
const std::map<std::string, const char*> kNames = {
    {"accounts", "format('^account %s', id)"},
    {"assets", "'^the assets'"},
    {"book", "'^the book''s '"},
    {"holds", "format('^hold %s', id)"},
    {"log_checkpoints", "format('checkpoint of %s records|checkpoints up to it$', tree_size)"},
    {"log_tiles",
     "format('^(tile %s/%s|level %s of the log)%s', level, index, level, "
     "CASE level WHEN 0 THEN '|^position ' ELSE '' END)"},
    {"members", "format('^member %s', id)"},
    {"once_keys", "format('^once key %s', key)"},
    {"records",
     "format('^position %s[ ,:]|last_position should be .* is %s$', position, position)"},
    {"reputation_changes", "format('^reputation change %s', id)"},
    {"transfers",
     "format('^position %s[ ,:]|last_position should be .* is %s$', position, position)"},
};

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
    FillWithHolds();
    PostQuoted();
    ASSERT_THAT(sealer_.Run(), IsOk());
    std::vector<TransferItem> many;
    for (int i = 0; i < 300; ++i)
      many.push_back({ResultCode::kOk, Request(TransferKind::kPost, 1)});
    ASSERT_EQ(engine_.Post(std::move(many)).back().code, ResultCode::kOk);
    ASSERT_THAT(sealer_.Run(), IsOk());
  }

  void FillWithHolds() {
    TransferRequest hold = Request(TransferKind::kReserve, 50);
    hold.once_key = Uuid::Nil();  // a key is any 16 bytes
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
  }

  // A hold with a quote and a once key, and its charge with the settlement.
  void PostQuoted() {
    type::v1::QuoteTerms terms;
    terms.set_quote_id(NumberedId(1, 8).ToString());
    terms.set_member_id(alice_.ToString());
    terms.mutable_payee()->set_account_id(bob_.ToString());
    terms.set_tariff_hash(std::string(32, 't'));
    terms.set_total_microjoules(40);
    terms.set_needs_settlement(true);
    terms.mutable_usage()->set_operation_type(type::v1::OPERATION_TYPE_BLOCK_STORE);
    terms.mutable_usage()->set_data_size_bytes(1'024);
    terms.mutable_usage()->set_duration_s(60);
    terms.mutable_usage()->set_redundancy(3);
    SetTimestamp(clock_.Now(), *terms.mutable_usage()->mutable_time());
    SetTimestamp(clock_.Now(), *terms.mutable_issued_time());
    SetTimestamp(clock_.Now() + std::chrono::hours(1), *terms.mutable_expire_time());
    v1::PostTransfersRequest batch;
    v1::TransferRequest& hold = *batch.add_transfers();
    hold.set_id(NumberedId(++last_id_).ToString());
    hold.set_kind(v1::TRANSFER_KIND_RESERVE);
    hold.set_debit_account_id(alice_.ToString());
    hold.set_credit_account_id(bob_.ToString());
    hold.set_asset_code("J");
    hold.set_operation_type(terms.usage().operation_type());
    hold.set_amount_minor(terms.total_microjoules());
    hold.set_once_key(std::string(16, 'o'));
    hold.mutable_quote()->set_terms(terms.SerializeAsString());
    terms.set_settles_quote_id(terms.quote_id());
    terms.set_quote_id(NumberedId(2, 8).ToString());
    terms.set_total_microjoules(30);
    v1::TransferRequest& charge = *batch.add_transfers();
    charge.set_id(NumberedId(++last_id_).ToString());
    charge.set_kind(v1::TRANSFER_KIND_CHARGE);
    charge.set_target_id(hold.id());
    charge.set_amount_minor(terms.total_microjoules());
    charge.mutable_quote()->set_terms(terms.SerializeAsString());
    const auto is_signed = [](const type::v1::SignedQuote&) { return true; };
    for (const auto& outcome : engine_.Post(ToItems(batch.transfers(), is_signed, false))) {
      ASSERT_EQ(outcome.code, ResultCode::kOk);
    }
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
  // The name that `sql` returns of the one row that it changes; nothing if the schema does not take
  // the change, or if there is no such row.
  std::optional<std::string> Change(const std::string& sql) {
    std::optional<std::string> name;
    const absl::Status status =
        RunTransaction(engine_.database, {}, [&](pqxx::transaction_base& tx) {
          tx.exec("SET LOCAL session_replication_role = replica");
          const pqxx::result rows = tx.exec(sql);
          if (!rows.empty()) name = rows[0][0].as<std::string>();
          return absl::OkStatus();
        });
    return status.ok() ? name : std::nullopt;
  }
  void Restore() { ASSERT_THAT(Execute(restore_), IsOk()); }

  Difference Check() {
    const auto difference =
        CheckBooks(*log_, ParsePricedUse, kTimeout, [](const BooksProgress&) { return true; });
    EXPECT_THAT(difference, IsOk());
    return difference.ok() ? *difference : std::nullopt;
  }
  // Whether the check ends well and finds a difference that `name` is found in.
  void ExpectNamed(const std::string& name, const std::string& change) {
    const Difference difference = Check();
    ASSERT_NE(difference, std::nullopt) << change;
    EXPECT_TRUE(std::regex_search(*difference, std::regex(name)))
        << change << ": \"" << *difference << "\" does not name " << name;
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

  // Other values for a column, not all of which the schema takes.
  static std::vector<std::string> OtherValues(const Column& column) {
    const std::string& name = column.name;
    if (column.type == "uuid") return {"gen_random_uuid()", "NULL"};
    if (column.type == "boolean") return {absl::StrCat("NOT ", name)};
    if (column.type == "jsonb") {
      return {R"('{"x": "y"}')", R"('{"x": 1}')", "'[]'", "'null'", "NULL"};
    }
    if (column.type == "text")
      return {absl::StrCat("coalesce(", name, ", '') || 'x'"), "'X'", "''", "NULL"};
    if (column.type == "bytea") {
      return {absl::StrCat("coalesce(", name, ", '') || '\\x01'::bytea"), "sha256('x')", "''",
              "NULL"};
    }
    std::vector<std::string> numbers = {"NULL"};
    for (const char* change : {"+ 1000", "+ 1", "- 1"}) {
      numbers.push_back(absl::StrCat("coalesce(", name, ", 0) ", change));
    }
    if (column.type == "bigint") {
      numbers.insert(numbers.end(), {"9223372036854775807", "-9223372036854775808"});
    }
    return numbers;
  }

  // Where the value is another one; NULL and no text, or no bytes, are read as the same.
  static std::string Differs(const Column& column, const std::string& value) {
    if (column.type != "text" && column.type != "bytea") {
      return absl::StrCat("t.", column.name, " IS DISTINCT FROM ", value);
    }
    return absl::StrCat("coalesce(t.", column.name, ", ''::", column.type, ") <> coalesce(", value,
                        ", ''::", column.type, ")");
  }

  // Gives the column another value in one of the first rows of those that the schema takes it in,
  // preferably one that has a value there. How the row was and is named.
  std::optional<std::string> ChangeOne(const Column& column, const std::string& where,
                                       const std::string& value) {
    const std::string table = absl::StrCat("ledger.", column.table);
    const std::string name = kNames.at(column.table);
    for (int row = 0; row < 3; ++row) {
      auto changed = Change(absl::StrCat(
          "WITH before AS (SELECT ctid AS place, ", name, " AS was FROM ", table, " WHERE ", where,
          " ORDER BY ", column.name, " IS NULL, ctid LIMIT 1 OFFSET ", row, ") UPDATE ", table,
          " t SET ", column.name, " = ", value, " FROM before WHERE t.ctid = before.place AND ",
          Differs(column, value), " RETURNING before.was || '|' || ", name));
      if (changed.has_value()) return changed;
    }
    return std::nullopt;
  }

  void ExpectChangesNamed(const Column& column, const std::string& where) {
    bool is_changed = false;
    for (const std::string& value : OtherValues(column)) {
      const auto name = ChangeOne(column, where, value);
      if (!name.has_value()) continue;
      is_changed = true;
      ExpectNamed(*name,
                  absl::StrCat(column.table, ".", column.name, " = ", value, " where ", where));
      Restore();
    }
    const std::string name = absl::StrCat(column.table, ".", column.name);
    EXPECT_EQ(is_changed, !kFixed.contains(name)) << name << " where " << where;
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
      ExpectChangesNamed(column, "result = 1");
      ExpectChangesNamed(column, "result <> 1");
    } else {
      ExpectChangesNamed(column, "true");
    }
  }
  EXPECT_EQ(Check(), std::nullopt) << "restored";
}

TEST_F(ColumnsTest, EachRowThatIsAddedIsNamed) {
  // The change that makes a copy of a row another row.
  constexpr char kNil[] = "'00000000-0000-0000-0000-000000000000'";
  const std::pair<const char*, std::string> changes[] = {
      {"accounts", "id = gen_random_uuid()"},
      {"accounts", absl::StrCat("id = ", kNil)},
      {"assets", "code = 'X'"},
      {"holds", "id = gen_random_uuid()"},
      {"holds", absl::StrCat("id = ", kNil)},
      {"log_checkpoints", "tree_size = tree_size + 1"},
      {"log_tiles", "index = 1000"},
      {"log_tiles", "level = 7"},
      {"members", "id = gen_random_uuid(), trial_transfer_id = id, number = number + 1000"},
      {"members", absl::StrCat("id = ", kNil, ", trial_transfer_id = id, number = number + 1000")},
      {"once_keys", "key = gen_random_uuid()"},
      {"once_keys", "key = 'ffffffff-ffff-ffff-ffff-ffffffffffff'"},
      {"records", "position = position + 1000, kind = 3"},
      {"reputation_changes", "id = gen_random_uuid(), sequence = sequence + 1"},
      {"reputation_changes", absl::StrCat("id = ", kNil, ", sequence = sequence + 1")},
      {"transfers", "id = gen_random_uuid(), recorded_us = -1, position = position + 1000"},
      {"transfers", absl::StrCat("id = ", kNil, ", recorded_us = -1, position = 0")},
      {"transfers", "id = gen_random_uuid(), recorded_us = -1, position = -position"}};
  std::set<std::string> tables = {"book"};  // its one row is all that the schema takes
  for (const auto& [table, change] : changes) {
    tables.insert(table);
    const std::string row = absl::StrCat("ledger.", table);
    ASSERT_THAT(Execute(absl::StrCat("CREATE TEMP TABLE added ON COMMIT DROP AS SELECT * FROM ",
                                     row, " ORDER BY ctid DESC LIMIT 1; UPDATE added SET ", change,
                                     "; INSERT INTO ", row, " TABLE added")),
                IsOk())
        << table << " " << change;
    EXPECT_NE(Check(), std::nullopt) << table << " " << change;
    Restore();
  }
  EXPECT_EQ(tables, Tables());
  EXPECT_EQ(Check(), std::nullopt) << "restored";
}

TEST_F(ColumnsTest, EachRowThatIsGoneIsNamed) {
  for (const std::string& table : Tables()) {
    for (const char* order : {"", " DESC"}) {
      const std::string sql =
          absl::StrCat("DELETE FROM ledger.", table, " WHERE ctid = (SELECT ctid FROM ledger.",
                       table, " ORDER BY ctid", order, " LIMIT 1) RETURNING ", kNames.at(table));
      const auto name = Change(sql);
      ASSERT_TRUE(name.has_value()) << sql;
      // That the newest checkpoint is gone shows in the tiles.
      ExpectNamed(table == "log_checkpoints" ? *name + "|^tile 0/0 " : *name, sql);
      Restore();
    }
  }
  EXPECT_EQ(Check(), std::nullopt) << "restored";
}

}  // namespace
}  // namespace joulebook::ledger
