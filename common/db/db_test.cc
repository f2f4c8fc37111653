#include <signal.h>

#include <atomic>
#include <pqxx/result>
#include <thread>

#include "common/db/arrays.h"
#include "common/db/migrate.h"
#include "common/db/pool.h"
#include "common/db/sqlstate.h"
#include "common/db/transaction.h"
#include "common/testing/matchers.h"
#include "common/testing/postgres.h"
#include "common/time/timers.h"

namespace joulebook {
namespace {

class DatabaseTest : public testing::Test {
 protected:
  absl::Status Run(const std::function<absl::Status(pqxx::transaction_base&)>& body,
                   TransactionOptions options = {}) {
    return RunTransaction({pool_, clock_, random_, sleeper_}, options, body);
  }
  absl::Status Execute(const std::string& sql) {
    return Run([&](pqxx::transaction_base& transaction) {
      transaction.exec(sql);
      return absl::OkStatus();
    });
  }
  int64_t Query(const std::string& sql) {
    int64_t value = 0;
    EXPECT_THAT(Run([&](pqxx::transaction_base& transaction) {
                  value = transaction.exec(sql)[0][0].as<int64_t>();
                  return absl::OkStatus();
                }),
                IsOk());
    return value;
  }

  const std::string connection_ = MakeTestDatabase();
  Pool pool_{{connection_, 2, {.statement_timeout = std::chrono::milliseconds(500)}}};
  SystemClock clock_;
  SeededRandom random_{1};
  ThreadSleeper sleeper_;
};

TEST_F(DatabaseTest, CommitsOnOkAndRollsBackOnError) {
  ASSERT_THAT(Execute("CREATE TABLE t (n int PRIMARY KEY CHECK (n > 0))"), IsOk());
  const auto insert_then = [](absl::Status result) {
    return [result](pqxx::transaction_base& transaction) {
      transaction.exec("INSERT INTO t VALUES (1)");
      return result;
    };
  };
  EXPECT_EQ(Run(insert_then(absl::CancelledError())).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(Query("SELECT count(*) FROM t"), 0);
  EXPECT_THAT(Run(insert_then(absl::OkStatus())), IsOk());
  EXPECT_EQ(Query("SELECT count(*) FROM t"), 1);
}

TEST_F(DatabaseTest, MapsFailuresBySqlState) {
  ASSERT_THAT(Execute("CREATE TABLE t (n int PRIMARY KEY CHECK (n > 0))"), IsOk());
  ASSERT_THAT(Execute("INSERT INTO t VALUES (1)"), IsOk());
  EXPECT_EQ(Execute("INSERT INTO t VALUES (1)").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Execute("INSERT INTO t VALUES (0)").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Execute("SELECT pg_sleep(2)").code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Execute("nonsense").code(), absl::StatusCode::kInternal);
  EXPECT_EQ(CodeOfSqlState("53300"), absl::StatusCode::kUnavailable);
  EXPECT_EQ(CodeOfSqlState("57P01"), absl::StatusCode::kUnavailable);
  EXPECT_EQ(CodeOfSqlState("08006"), absl::StatusCode::kUnavailable);
}

TEST_F(DatabaseTest, RetriesDeadlocksUntilBothSucceed) {
  ASSERT_THAT(Execute("CREATE TABLE t (n int PRIMARY KEY, v int)"), IsOk());
  ASSERT_THAT(Execute("INSERT INTO t VALUES (1, 0), (2, 0)"), IsOk());
  std::atomic<int> runs = 0;
  const auto update_both = [&](int first) {
    EXPECT_THAT(Run(
                    [&, first](pqxx::transaction_base& transaction) {
                      ++runs;
                      transaction.exec("SET LOCAL statement_timeout = 0");
                      transaction.exec("SET LOCAL lock_timeout = 0");
                      transaction.exec_params("UPDATE t SET v = v + 1 WHERE n = $1", first);
                      sleeper_.SleepFor(std::chrono::milliseconds(50));
                      transaction.exec_params("UPDATE t SET v = v + 1 WHERE n = $1", 3 - first);
                      return absl::OkStatus();
                    },
                    {.timeout = std::chrono::seconds(20)}),
                IsOk());
  };
  std::thread other([&] { update_both(2); });
  update_both(1);
  other.join();
  EXPECT_EQ(Query("SELECT min(v) FROM t"), 2);
  EXPECT_GE(runs, 3);
}

TEST_F(DatabaseTest, WhoWaitsForALockIsToldBeforeAStatementsTimeIsUp) {
  ASSERT_THAT(Execute("CREATE TABLE t (n int)"), IsOk());
  EXPECT_THAT(Run([&](pqxx::transaction_base& holder) {
                holder.exec("LOCK TABLE t");
                const absl::Status waited = Execute("LOCK TABLE t");
                EXPECT_EQ(waited.code(), absl::StatusCode::kDeadlineExceeded);
                EXPECT_NE(waited.message().find("55P03"), absl::string_view::npos) << waited;
                return absl::OkStatus();
              }),
              IsOk());
}

TEST_F(DatabaseTest, TheServerEndsASessionThatSleepsInATransaction) {
  ASSERT_THAT(Execute("CREATE TABLE t (n int)"), IsOk());
  EXPECT_EQ(Run([&](pqxx::transaction_base& sleeper) {
              sleeper.exec("LOCK TABLE t");
              sleeper_.SleepFor(std::chrono::milliseconds(700));
              EXPECT_THAT(Execute("LOCK TABLE t"), IsOk()) << "the lock is free again";
              sleeper.exec("SELECT 1");
              return absl::OkStatus();
            }).code(),
            absl::StatusCode::kUnavailable);
}

// A stopped process answers nothing, and its kernel goes on acknowledging.
class SilentServerTest : public DatabaseTest {
 protected:
  // The outcome of a transaction whose server falls silent in the middle.
  absl::Status RunWithASilentServer(Duration timeout) {
    const absl::Status status = Run(
        [&](pqxx::transaction_base& transaction) {
          backend_ = transaction.exec("SELECT pg_backend_pid()")[0][0].as<pid_t>();
          EXPECT_EQ(kill(backend_, SIGSTOP), 0);
          is_silent_ = true;
          transaction.exec("SELECT 1");
          return absl::OkStatus();
        },
        {.timeout = timeout});
    EXPECT_EQ(kill(backend_, SIGCONT), 0);
    return status;
  }

  pid_t backend_ = 0;
  std::atomic<bool> is_silent_ = false;
};

TEST_F(SilentServerTest, AWaitForItEnds) {
  EXPECT_EQ(RunWithASilentServer(std::chrono::milliseconds(200)).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(Query("SELECT 7"), 7);
}

TEST_F(SilentServerTest, AServiceThatStopsEndsLongWaits) {
  std::thread stopper([&] {
    while (!is_silent_) sleeper_.SleepFor(std::chrono::milliseconds(1));
    pool_.LimitUse(std::chrono::milliseconds(100));
  });
  EXPECT_EQ(RunWithASilentServer(std::chrono::hours(1)).code(), absl::StatusCode::kUnavailable);
  stopper.join();
}

TEST_F(DatabaseTest, PoolIsBoundedAndRecoversFromABrokenConnection) {
  auto first = pool_.Acquire(Duration(0));
  {
    auto second = pool_.Acquire(Duration(0));
    ASSERT_THAT(second, IsOk());
    EXPECT_EQ(pool_.Acquire(std::chrono::milliseconds(5)).status().code(),
              absl::StatusCode::kResourceExhausted);
  }
  EXPECT_EQ(Run([](pqxx::transaction_base& transaction) {
              transaction.exec("SELECT pg_terminate_backend(pg_backend_pid())");
              return absl::OkStatus();
            }).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(Query("SELECT 7"), 7);
  EXPECT_THAT(pool_.Ping(), IsOk());
}

TEST(Pool, SaysUnavailableWhenNoServerListens) {
  Pool pool({"host=/nowhere", 1});
  EXPECT_EQ(pool.Acquire(Duration(0)).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(pool.Ping().code(), absl::StatusCode::kUnavailable);
}

TEST_F(DatabaseTest, IdsGoAsAnArrayAndBytesComeBack) {
  std::vector<Uuid> ids(2);
  ids[1].bytes[15] = 7;
  EXPECT_EQ(UuidArrayLiteral({}), "{}");
  ASSERT_THAT(Run([&](pqxx::transaction_base& transaction) {
                const pqxx::result rows = transaction.exec_params(
                    "SELECT id, uuid_send(id) FROM unnest($1::uuid[]) AS n(id) ORDER BY id",
                    UuidArrayLiteral(ids));
                EXPECT_EQ(rows.size(), 2U);
                EXPECT_EQ(rows[1][0].as<std::string>(), ids[1].ToString());
                const std::string bytes = FromByteaText(rows[1][1].c_str());
                EXPECT_EQ(bytes.size(), 16U);
                EXPECT_EQ(bytes.back(), '\x07');
                return absl::OkStatus();
              }),
              IsOk());
  EXPECT_EQ(FromByteaText("no bytea"), "");
}

constexpr Migration kOne{"0001_create_t", "CREATE TABLE toy.t (n int)"};
constexpr Migration kTwo{"0002_add_m", "ALTER TABLE toy.t ADD m int"};

TEST_F(DatabaseTest, MigratesOnceInOrderAndNoticesDrift) {
  const Migration both[] = {kOne, kTwo};
  const Migration altered[] = {{kOne.name, "CREATE TABLE toy.t (n bigint)"}, kTwo};
  EXPECT_EQ(CheckMigrated(pool_, "toy", both).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(*Migrate(connection_, "toy", std::span(both, 1)), 1);
  EXPECT_EQ(*Migrate(connection_, "toy", both), 1);
  EXPECT_EQ(*Migrate(connection_, "toy", both), 0);
  EXPECT_THAT(CheckMigrated(pool_, "toy", both), IsOk());
  EXPECT_EQ(Migrate(connection_, "toy", altered).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Migrate(connection_, "toy", std::span(both, 1)).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(DatabaseTest, AMigrationDoesNotWaitLongForALongReader) {
  const Migration both[] = {kOne, kTwo};
  const MigrateLimits limits{.table_lock = std::chrono::milliseconds(100)};
  ASSERT_EQ(*Migrate(connection_, "toy", std::span(both, 1), limits), 1);
  ASSERT_THAT(Run([&](pqxx::transaction_base& reader) {
                reader.exec("SELECT * FROM toy.t");
                const auto migrated = Migrate(connection_, "toy", both, limits);
                EXPECT_EQ(migrated.status().code(), absl::StatusCode::kUnavailable);
                EXPECT_NE(migrated.status().message().find("schema toy"), std::string::npos);
                return absl::OkStatus();
              }),
              IsOk());
  EXPECT_EQ(*Migrate(connection_, "toy", both, limits), 1);
}

TEST_F(DatabaseTest, AMigrationWaitsForAnotherAndNotForEver) {
  const Migration one[] = {kOne};
  const MigrateLimits limits{.other_migration = std::chrono::milliseconds(100)};
  ASSERT_THAT(Run([&](pqxx::transaction_base& other) {
                other.exec(
                    "SELECT pg_advisory_xact_lock(hashtextextended("
                    "'joulebook.migrate.toy', 0))");
                EXPECT_EQ(Migrate(connection_, "toy", one, limits).status().code(),
                          absl::StatusCode::kUnavailable);
                return absl::OkStatus();
              }),
              IsOk());
  EXPECT_EQ(*Migrate(connection_, "toy", one, limits), 1);
}

TEST_F(DatabaseTest, ConcurrentMigrationsApplyEachOnce) {
  const Migration both[] = {kOne, kTwo};
  std::atomic<int> applied = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { applied += *Migrate(connection_, "toy", both); });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(applied, 2);
}

TEST_F(DatabaseTest, AFailedMigrationLeavesNothing) {
  const Migration broken[] = {{"0001_break", "CREATE TABLE toy.t (n int); nonsense"}};
  EXPECT_FALSE(Migrate(connection_, "toy", broken).ok());
  EXPECT_EQ(Query("SELECT count(*) FROM pg_tables WHERE schemaname = 'toy' AND tablename = 't'"),
            0);
}

}  // namespace
}  // namespace joulebook
