// Somebody else holds the book's lock: what goes on, what waits, and for how long.

#include <signal.h>

#include <atomic>
#include <pqxx/connection>
#include <pqxx/nontransaction>
#include <pqxx/transaction>
#include <thread>

#include "common/time/timers.h"
#include "services/ledger/store/pg_store.h"
#include "tests/integration/service_fixture.h"

namespace joulebook::ledger {
namespace {

constexpr int kWriters = 8;
// The deadline of a call that is to miss it.
constexpr Duration kBriefly = std::chrono::seconds(3);
// Longer than any test waits for anything else.
constexpr Duration kPatience = std::chrono::seconds(60);

// Holds the book's lock until destroyed, as a superuser: nothing bounds it.
class BookLock {
 public:
  explicit BookLock(const std::string& connection)
      : connection_(AsSuperuser(connection)), transaction_(connection_) {
    transaction_.exec("SELECT 1 FROM ledger.book FOR UPDATE");
  }

 private:
  pqxx::connection connection_;
  pqxx::work transaction_;
};

class WaitingTest : public ServiceTest {
 protected:
  // A service that waits for the lock as long as a test may need it on a slow machine.
  void StartPatientService(std::vector<std::string> flags = {}) {
    for (const char* setting : {"--commit-timeout-ms", "--statement-timeout-ms",
                                "--call-timeout-ms", "--health-interval-ms"}) {
      flags.insert(flags.end(),
                   {setting, std::to_string(kPatience / std::chrono::milliseconds(1))});
    }
    StartService(flags);
  }

  absl::StatusOr<v1::PostTransfersResponse> PostOne(int number, Duration timeout = kPatience) {
    return Call(*stub_, &Service::PostTransfers,
                OneItem(MakePost(TransferId(number), MemberId(1), kIssuer, 1)), "", timeout);
  }
  absl::Status FindTransfer(int number) {
    v1::GetTransferRequest request;
    request.set_transfer_id(TransferId(number));
    return Call(*stub_, &Service::GetTransfer, request).status();
  }

  // Registers members, from `first` on, at once; the threads end when they are answered.
  std::vector<std::thread> RegisterAtOnce(int first, int count) {
    std::vector<std::thread> threads;
    for (int number = first; number < first + count; ++number) {
      threads.emplace_back([this, number] {
        const auto stub = ledger_->Stub();
        v1::RegisterMemberRequest request;
        request.set_member_id(MemberId(number));
        EXPECT_THAT(Call(*stub, &Service::RegisterMember, request, "", kPatience), IsOk());
      });
    }
    return threads;
  }

  void WaitForCalls(const std::string& method, int count) {
    EXPECT_THAT(AwaitCalls(ledger_->metrics_port(), method, count), IsOk());
  }

  // Whether one of the service's sessions waits for a lock.
  bool IsSessionWaiting() {
    pqxx::connection connection(AsSuperuser(connection_));
    pqxx::nontransaction query(connection);
    return !query
                .exec(
                    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND "
                    "usename = 'ledger' AND wait_event_type = 'Lock'")
                .empty();
  }

  // Whether PostgreSQL waits for a client of this name that holds the book's lock.
  bool IsAsleepOnTheBook(const std::string& application) {
    pqxx::connection connection(AsSuperuser(connection_));
    pqxx::nontransaction query(connection);
    return !query
                .exec(
                    "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE relation = "
                    "'ledger.book'::regclass AND mode <> 'AccessShareLock' AND wait_event_type = "
                    "'Client' AND application_name = " +
                    connection.quote(application))
                .empty();
  }

  ThreadSleeper sleeper_;
};

TEST_F(WaitingTest, ReadsGoOnWhileWritesWaitForTheBook) {
  StartPatientService({"--write-threads", "4"});
  ASSERT_THAT(Register(1), IsOk());
  std::vector<std::thread> writers;
  {
    const BookLock lock(connection_);
    writers = RegisterAtOnce(2, kWriters);
    WaitForCalls("RegisterMember", kWriters);
    v1::GetAccountRequest get;
    get.set_account_id(MemberId(1));
    EXPECT_THAT(Call(*stub_, &Service::GetAccount, get), IsOk());
    WaitForCalls("RegisterMember", kWriters);
  }
  for (auto& writer : writers) writer.join();
}

TEST_F(WaitingTest, WritingCallsThatFindTheirQueueFullAreRefusedAtOnceByItsName) {
  StartPatientService({"--write-threads", "1", "--write-queue", "1"});
  std::atomic<int> refused = 0;
  std::vector<std::thread> writers;
  {
    const BookLock lock(connection_);
    for (int number = 1; number <= kWriters; ++number) {
      writers.emplace_back([&, number] {
        const auto registered = Register(number);
        if (registered.ok()) return;
        EXPECT_THAT(registered, StatusIs(absl::StatusCode::kResourceExhausted, "OVERLOADED"));
        auto info = GetErrorInfo(registered.status()).value_or(ErrorInfo());
        EXPECT_EQ(info.metadata["queue"], "writing calls");
        EXPECT_EQ(info.metadata["limit"], "1");
        ++refused;
      });
    }
    // One has the thread and one waits for it, at most.
    EXPECT_TRUE(Eventually([&] { return refused >= kWriters - 2; }));
  }
  for (auto& writer : writers) writer.join();
}

TEST_F(WaitingTest, WritingCallsThatFindTheirQueueFullOfBytesAreRefusedAtOnceByItsName) {
  constexpr int kLarge = 6;  // of which four fit 64 MiB
  StartPatientService({"--write-threads", "1"});
  v1::RegisterMemberRequest large;
  large.set_member_id(MemberId(2));
  large.set_display_name(std::string(std::size_t{15} * 1024 * 1024, 'x'));
  std::atomic<int> refused = 0;
  std::vector<std::thread> writers;
  {
    const BookLock lock(connection_);
    writers = RegisterAtOnce(1, 1);
    ASSERT_TRUE(Eventually([&] { return IsSessionWaiting(); }));
    for (int i = 0; i < kLarge; ++i) {
      writers.emplace_back([&] {
        const auto answer = Call(*stub_, &Service::RegisterMember, large, "", kPatience);
        if (absl::IsInvalidArgument(answer.status())) return;  // it had its turn
        EXPECT_THAT(answer, StatusIs(absl::StatusCode::kResourceExhausted, "OVERLOADED"));
        auto info = GetErrorInfo(answer.status()).value_or(ErrorInfo());
        EXPECT_EQ(info.metadata["queue"], "bytes of writing calls");
        EXPECT_EQ(info.metadata["limit"], "67108864");
        ++refused;
      });
    }
    EXPECT_TRUE(Eventually([&] { return refused == kLarge - 4; }));
  }
  for (auto& writer : writers) writer.join();
  EXPECT_EQ(refused, kLarge - 4);
}

TEST_F(WaitingTest, ADeadlineThatPassedInTheQueueChangesNothing) {
  StartPatientService();
  ASSERT_THAT(Register(1), IsOk());
  std::thread first, late;
  {
    const BookLock lock(connection_);
    first = std::thread([this] { EXPECT_THAT(PostOne(1), IsOk()); });
    ASSERT_TRUE(Eventually([&] { return IsSessionWaiting(); }));
    late = std::thread([this] {
      EXPECT_EQ(PostOne(2, kBriefly).status().code(), absl::StatusCode::kDeadlineExceeded);
    });
    WaitForCalls("PostTransfers", 2);
    sleeper_.SleepFor(kBriefly + std::chrono::seconds(1));  // its deadline has passed, there too
  }
  first.join();
  late.join();
  EXPECT_THAT(PostOne(3), IsOk());  // whatever came before it has had its turn
  EXPECT_THAT(FindTransfer(1), IsOk());
  EXPECT_THAT(FindTransfer(2), StatusIs(absl::StatusCode::kNotFound, "TRANSFER_NOT_FOUND"));
}

TEST_F(WaitingTest, HealthCoversWriting) {
  StartService({"--commit-timeout-ms", "1000", "--health-interval-ms", "50"});
  EXPECT_TRUE(IsHealthy(*ledger_));
  {
    const BookLock lock(connection_);
    EXPECT_TRUE(Eventually([&] { return !IsHealthy(*ledger_); })) << "nobody asked for a commit";
  }
  EXPECT_TRUE(Eventually([&] { return IsHealthy(*ledger_); }));
  {
    const BookLock lock(connection_);
    const auto waited = Register(1);
    EXPECT_THAT(waited, StatusIs(absl::StatusCode::kDeadlineExceeded, "DEADLINE_PASSED"));
    EXPECT_FALSE(IsHealthy(*ledger_));
  }
  EXPECT_THAT(Register(1), IsOk());
  EXPECT_TRUE(Eventually([&] { return IsHealthy(*ledger_); }));
}

// PostgreSQL waits for such a session for ever, whatever its timeouts.
TEST_F(WaitingTest, AWriterThatSleepsInTheMiddleOfACopyIsEnded) {
  StartService({"--commit-timeout-ms", "1000", "--health-interval-ms", "50"});
  ASSERT_THAT(Register(1), IsOk());
  const auto sleeper = Process::Start(
      {"bash", "-c",
       "sleep 60 | psql -X -d \"$0\" -c BEGIN -c 'SELECT 1 FROM ledger.book FOR UPDATE' "
       "-c 'COPY ledger.holds FROM STDIN'",
       connection_},
      MakeTempDir() + "/log");
  ASSERT_THAT(sleeper, IsOk());
  ASSERT_TRUE(Eventually([&] { return IsAsleepOnTheBook("psql"); }));
  EXPECT_TRUE(Eventually([&] { return Register(2).ok(); }));
  EXPECT_TRUE(Eventually([&] { return IsHealthy(*ledger_); }));
  EXPECT_FALSE(IsAsleepOnTheBook("psql"));
}

TEST_F(WaitingTest, AReplicaThatIsPausedWithTheLockStopsTheOthersForALimitedTime) {
  const std::vector<std::string> flags = {"--commit-timeout-ms", "3000", "--health-interval-ms",
                                          "50"};
  StartService(flags);
  auto paused = LedgerProcess::Start(connection_ + " application_name=paused", flags);
  ASSERT_THAT(paused, IsOk());
  ASSERT_THAT(Register(1), IsOk());
  std::atomic<bool> is_over = false;
  std::atomic<int> next = 0, committed = 0;
  const auto load = [&](const LedgerProcess& ledger, int batch_items) {
    const auto stub = ledger.Stub();
    while (!is_over) {
      v1::PostTransfersRequest batch;
      for (int i = 0; i < batch_items; ++i) {
        *batch.add_transfers() = MakePost(TransferId(++next), MemberId(1), kIssuer, 1);
      }
      absl::StatusOr<v1::PostTransfersResponse> answer;
      do {
        answer = Call(*stub, &Service::PostTransfers, batch);
      } while (!answer.ok());
      for (const auto& result : answer->results()) committed += result.position() != 0;
    }
  };
  std::thread ours([&] { load(*ledger_, 3); });
  std::thread theirs([&] { load(*paused, 200); });

  EXPECT_TRUE(Eventually([&] {
    for (int tries = 0; tries < 20; ++tries) {
      paused->process().Signal(SIGSTOP);
      if (IsAsleepOnTheBook("paused")) return true;
      paused->process().Signal(SIGCONT);
      sleeper_.SleepFor(std::chrono::milliseconds(7));
    }
    return false;
  }));
  EXPECT_TRUE(Eventually([&] { return !IsHealthy(*ledger_); }));
  EXPECT_TRUE(Eventually([&] { return IsHealthy(*ledger_); }));
  const int before = committed;
  EXPECT_TRUE(Eventually([&] { return committed > before; })) << "the others go on";
  paused->process().Signal(SIGCONT);
  EXPECT_TRUE(Eventually([&] { return IsHealthy(*paused); }));

  is_over = true;
  ours.join();
  theirs.join();
  EXPECT_EQ(committed, next) << "each batch was answered, and each transfer committed";
  EXPECT_EQ(Account(MemberId(1)).balances().posted_minor(), 1'000'000'000 - committed);
  EXPECT_THAT(RunCommand({BinaryPath("ledgerd"), "check-books", "--database", connection_}),
              IsOk());
}

// `ledgerd migrate` to its end.
class MigrateTest : public testing::Test {
 protected:
  int Migrate() {
    auto started = Process::Start({BinaryPath("ledgerd"), "migrate", "--database", connection_},
                                  directory_ + "/log");
    EXPECT_THAT(started, IsOk());
    const int exit_code = started->Wait();
    log_ = started->Log();
    return exit_code;
  }

  const std::string directory_ = MakeTempDir();
  const std::string connection_ = MakeTestDatabase();
  std::string log_;
};

TEST_F(MigrateTest, ATransactionThatHoldsATableForTooLongMeansTryAgain) {
  ASSERT_THAT(joulebook::Migrate(connection_, kSchema, Migrations().first(1)), IsOk());
  {
    pqxx::connection connection(connection_);
    pqxx::work transaction(connection);
    transaction.exec("LOCK TABLE ledger.transfers IN ROW EXCLUSIVE MODE");  // as an INSERT does
    EXPECT_EQ(Migrate(), 75);
    EXPECT_THAT(log_, testing::HasSubstr("somebody held a lock for too long"));
    EXPECT_THAT(log_, testing::HasSubstr("end long transactions (see pg_stat_activity)"));
  }
  EXPECT_EQ(Migrate(), 0) << log_;
}

TEST_F(MigrateTest, ADatabaseThatAnotherProgramMigratedIsRefused) {
  ASSERT_EQ(Migrate(), 0) << log_;
  EXPECT_EQ(Migrate(), 0) << log_;
  ASSERT_THAT(
      RunCommand({"psql", "-q", "-X", "-d", connection_, "-c",
                  "UPDATE ledger.schema_migrations SET sha256 = 'x' WHERE name LIKE '%2_%'"}),
      IsOk());
  EXPECT_EQ(Migrate(), 1);
  EXPECT_THAT(log_, testing::HasSubstr("was applied with another content"));
}

}  // namespace
}  // namespace joulebook::ledger
