// Somebody else holds the book's lock: what goes on, what waits, and for how long.

#include <atomic>
#include <pqxx/connection>
#include <pqxx/transaction>
#include <thread>

#include "absl/strings/str_replace.h"
#include "common/time/timers.h"
#include "tests/integration/service_fixture.h"

namespace joulebook::ledger {
namespace {

constexpr int kWriters = 8;

// Holds the book's lock until destroyed, as a superuser: nothing bounds it.
class BookLock {
 public:
  explicit BookLock(const std::string& connection)
      : connection_(absl::StrReplaceAll(connection, {{"user=ledger", "user=postgres"}})),
        transaction_(connection_) {
    transaction_.exec("SELECT 1 FROM ledger.book FOR UPDATE");
  }

 private:
  pqxx::connection connection_;
  pqxx::work transaction_;
};

class WaitingTest : public ServiceTest {
 protected:
  // Registers members, from `first` on, at once; the threads end when they are answered.
  std::vector<std::thread> RegisterAtOnce(int first, int count) {
    std::vector<std::thread> threads;
    for (int number = first; number < first + count; ++number) {
      threads.emplace_back([this, number] {
        const auto stub = ledger_->Stub();
        v1::RegisterMemberRequest request;
        request.set_member_id(MemberId(number));
        EXPECT_THAT(Call(*stub, &Service::RegisterMember, request), IsOk());
      });
    }
    return threads;
  }

  // Until so many calls of the method are under way.
  void WaitForCalls(const std::string& method, int count) {
    for (int tries = 0; tries < 200; ++tries) {
      const auto metrics = ReadMetrics(ledger_->metrics_port());
      ASSERT_THAT(metrics, IsOk());
      if (Sum(*metrics, "grpc_server_started_total", method) -
              Sum(*metrics, "grpc_server_handled_total", method) ==
          count) {
        return;
      }
      sleeper_.SleepFor(std::chrono::milliseconds(20));
    }
    FAIL() << "the calls did not come";
  }

  ThreadSleeper sleeper_;

 private:
  static int Sum(const std::string& metrics, const std::string& name, const std::string& method) {
    int sum = 0;
    std::istringstream lines(metrics);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(name) && line.find('"' + method + '"') != std::string::npos) {
        sum += std::stoi(line.substr(line.rfind(' ')));
      }
    }
    return sum;
  }
};

TEST_F(WaitingTest, ReadsGoOnWhileWritesWaitForTheBook) {
  StartService({"--write-threads", "4"});
  ASSERT_THAT(Register(1), IsOk());
  std::vector<std::thread> writers;
  {
    const BookLock lock(connection_);
    writers = RegisterAtOnce(2, kWriters);
    WaitForCalls("RegisterMember", kWriters);
    v1::GetAccountRequest get;
    get.set_account_id(MemberId(1));
    EXPECT_THAT(Call(*stub_, &Service::GetAccount, get, "", std::chrono::seconds(2)), IsOk());
    WaitForCalls("RegisterMember", kWriters);
  }
  for (auto& writer : writers) writer.join();
}

TEST_F(WaitingTest, WritingCallsThatFindTheirQueueFullAreRefusedAtOnceByItsName) {
  StartService({"--write-threads", "1", "--write-queue", "1"});
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
    for (int tries = 0; tries < 200 && refused < kWriters - 2; ++tries) {
      sleeper_.SleepFor(std::chrono::milliseconds(20));
    }
    EXPECT_GE(refused, kWriters - 2);
  }
  for (auto& writer : writers) writer.join();
}

}  // namespace
}  // namespace joulebook::ledger
