#include "common/db/direct_connection.h"

#include <thread>

#include "common/testing/matchers.h"
#include "common/testing/postgres.h"
#include "common/time/timers.h"

namespace joulebook {
namespace {

constexpr PreparedStatement kCreate{"create",
                                    "CREATE TABLE t (id uuid PRIMARY KEY, s smallint, i integer, b "
                                    "bigint, f boolean, x text, y bytea, "
                                    "j jsonb)"};
constexpr InsertStatement kInsert{
    {"insert", "INSERT INTO t VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"},
    "COPY t FROM STDIN (FORMAT binary)"};
constexpr PreparedStatement kSelect{"select", "SELECT id, s, i, b, f, x, y, j FROM t ORDER BY id"};
constexpr PreparedStatement kCount{"count", "SELECT count(*), sum(b) FROM t"};
constexpr PreparedStatement kUnnest{
    "unnest",
    "SELECT id, b, s FROM unnest($1::uuid[], $2::bigint[], $3::smallint[]) AS n(id, b, s)"};
constexpr PreparedStatement kBegin{"begin", "BEGIN"};
constexpr PreparedStatement kCommit{"commit", "COMMIT"};
constexpr PreparedStatement kRollback{"rollback", "ROLLBACK"};
constexpr PreparedStatement kSleep{"sleep", "SELECT pg_sleep(5)"};
constexpr PreparedStatement kBroken{"broken", "SELECT nothing FROM nowhere"};

Uuid Id(uint8_t number) {
  Uuid id;
  id.bytes[15] = number;
  return id;
}

class DirectConnectionTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = DirectConnection::Open({.connection = connection_string_}, clock_);
    ASSERT_THAT(opened, IsOk());
    connection_ = *std::move(opened);
    ASSERT_THAT(Run({kCreate}), IsOk());
  }

  Duration Soon() { return clock_.MonotonicNow() + std::chrono::seconds(20); }
  absl::Status Run(const std::vector<PreparedStatement>& statements) {
    StatementBatch batch;
    for (const auto& statement : statements) batch.Add(statement);
    return connection_->Run(batch, Soon(), &rows_);
  }
  static void AddRow(uint8_t id, int64_t value, BinaryRows& rows) {
    rows.BeginRow();
    rows.Id(Id(id));
    rows.Smallint(-2);
    rows.Integer(-3);
    rows.Bigint(value);
    rows.Boolean(true);
    rows.Text("text \"quoted\" é");
    rows.Bytes(std::string_view("\0\xff", 2));
    rows.Jsonb("{\"k\": 1}");
  }
  static BinaryRows OneRow(uint8_t id, int64_t value) {
    BinaryRows rows(8);
    AddRow(id, value, rows);
    return rows;
  }

  SystemClock clock_;
  const std::string connection_string_ = MakeTestDatabase();
  std::unique_ptr<DirectConnection> connection_;
  DirectConnection::Rows rows_;
};

TEST_F(DirectConnectionTest, EveryTypeArrivesByInsertAndByCopy) {
  StatementBatch batch;
  batch.Add(kInsert.insert, OneRow(1, INT64_MIN));
  BinaryRows nulls(8);
  nulls.BeginRow();
  nulls.Id(Id(3));
  for (int i = 0; i < 7; ++i) nulls.Null();
  batch.Add(kInsert.insert, nulls);
  ASSERT_THAT(connection_->Run(batch, Soon()), IsOk());
  ASSERT_THAT(connection_->Copy(
                  kInsert.copy, BinaryRows(8),
                  [](BinaryRows& rows) {
                    AddRow(2, INT64_MAX, rows);
                    return false;
                  },
                  Soon()),
              IsOk());
  ASSERT_THAT(Run({kSelect}), IsOk());
  const std::vector<std::string> rest = {"t", "text \"quoted\" é", "\\x00ff", "{\"k\": 1}"};
  const DirectConnection::Rows expected = {
      {Id(1).ToString(), "-2", "-3", "-9223372036854775808", rest[0], rest[1], rest[2], rest[3]},
      {Id(2).ToString(), "-2", "-3", "9223372036854775807", rest[0], rest[1], rest[2], rest[3]},
      {Id(3).ToString(), "", "", "", "", "", "", ""}};
  EXPECT_EQ(rows_, expected);
}

TEST_F(DirectConnectionTest, ACopyTakesItsRowsInManyParts) {
  int64_t next = 0;
  ASSERT_THAT(Run({PreparedStatement{"big", "CREATE TABLE big (b bigint)"}}), IsOk());
  ASSERT_THAT(connection_->Copy(
                  "COPY big FROM STDIN (FORMAT binary)", BinaryRows(1),
                  [&](BinaryRows& rows) {
                    for (int i = 0; i < 1'000; ++i) {
                      rows.BeginRow();
                      rows.Bigint(++next);
                    }
                    return next < 200'000;
                  },
                  Soon()),
              IsOk());
  ASSERT_THAT(Run({PreparedStatement{"sum", "SELECT count(*), sum(b) FROM big"}}), IsOk());
  EXPECT_EQ(rows_, (DirectConnection::Rows{{"200000", "20000100000"}}));
}

TEST_F(DirectConnectionTest, ArraysBecomeRows) {
  StatementBatch batch;
  batch.Add(kUnnest,
            {UuidArray(std::vector{Id(1), Id(2)}), BigintArray(std::vector<int64_t>{-1, 5}),
             SmallintArray(std::vector<int16_t>{7, -8})});
  ASSERT_THAT(connection_->Run(batch, Soon(), &rows_), IsOk());
  EXPECT_EQ(rows_,
            (DirectConnection::Rows{{Id(1).ToString(), "-1", "7"}, {Id(2).ToString(), "5", "-8"}}));
}

TEST_F(DirectConnectionTest, APipelineIsOneTransactionAndAFailureUndoesAllOfIt) {
  StatementBatch batch;
  batch.Add(kInsert.insert, OneRow(1, 1));
  batch.Add(kInsert.insert, OneRow(1, 2));
  batch.Add(kInsert.insert, OneRow(2, 3));
  EXPECT_EQ(connection_->Run(batch, Soon()).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(connection_->violated_constraint(), "t_pkey");
  EXPECT_TRUE(connection_->is_usable());
  ASSERT_THAT(Run({kCount}), IsOk());
  EXPECT_EQ(rows_[0][0], "0");
  EXPECT_EQ(connection_->violated_constraint(), "");
  EXPECT_EQ(Run({kBroken}).code(), absl::StatusCode::kInternal);
  EXPECT_THAT(Run({kCount}), IsOk());
}

TEST_F(DirectConnectionTest, ABlockSpansRunsAndCopies) {
  ASSERT_THAT(Run({kBegin}), IsOk());
  const auto one_row = [](BinaryRows& rows) {
    AddRow(1, 1, rows);
    return false;
  };
  ASSERT_THAT(connection_->Copy(kInsert.copy, BinaryRows(8), one_row, Soon()), IsOk());
  ASSERT_THAT(Run({kRollback}), IsOk());
  ASSERT_THAT(Run({kBegin}), IsOk());
  ASSERT_THAT(connection_->Copy(kInsert.copy, BinaryRows(8), one_row, Soon()), IsOk());
  EXPECT_EQ(connection_->Copy(kInsert.copy, BinaryRows(8), one_row, Soon()).code(),
            absl::StatusCode::kAlreadyExists);
  ASSERT_THAT(Run({kRollback}), IsOk());
  ASSERT_THAT(Run({kCount}), IsOk());
  EXPECT_EQ(rows_[0][0], "0");
  ASSERT_THAT(Run({kBegin, kCommit}), IsOk());
}

TEST_F(DirectConnectionTest, ADeadlineHoldsAlsoWhenTheServerDoesNotAnswer) {
  StatementBatch sleep;
  sleep.Add(kSleep);
  const Duration start = clock_.MonotonicNow();
  EXPECT_EQ(connection_->Run(sleep, start + std::chrono::milliseconds(100)).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_LT(clock_.MonotonicNow() - start, std::chrono::seconds(4));
  EXPECT_FALSE(connection_->is_usable());
}

TEST_F(DirectConnectionTest, ALostConnectionIsUnavailable) {
  auto other = DirectConnection::Open({.connection = connection_string_}, clock_);
  ASSERT_THAT(other, IsOk());
  StatementBatch kill;
  kill.Add(PreparedStatement{"kill",
                             "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> "
                             "pg_backend_pid() AND datname = current_database()"});
  ASSERT_THAT((*other)->Run(kill, Soon()), IsOk());
  EXPECT_EQ(Run({kCount}).code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(connection_->is_usable());
  EXPECT_EQ(DirectConnection::Open({.connection = "host=/nowhere"}, clock_).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace joulebook
