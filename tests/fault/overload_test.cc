// Far more load than the server can take: it says so at once, stays bounded, and is itself again as
// soon as the load is gone.

#include <atomic>
#include <fstream>
#include <thread>

#include "common/time/timers.h"
#include "tests/integration/service_fixture.h"

namespace joulebook::ledger {
namespace {

constexpr int kBatch = 500;
constexpr int kFlood = 40;  // streams of clients, each as fast as it can

class OverloadTest : public ServiceTest {
 protected:
  static v1::PostTransfersRequest Batch(int first) {
    v1::PostTransfersRequest request;
    for (int i = 0; i < kBatch; ++i) {
      *request.add_transfers() = MakePost(TransferId(first + i), MemberId(1), kIssuer, 1);
    }
    return request;
  }

  // Seconds that ten batches take, one after the other.
  double TimeOfTenBatches() {
    const Duration start = clock_.MonotonicNow();
    for (int i = 0; i < 10; ++i) {
      EXPECT_THAT(Call(*stub_, &Service::PostTransfers, Batch(next_id_.fetch_add(kBatch))), IsOk());
    }
    return std::chrono::duration<double>(clock_.MonotonicNow() - start).count();
  }

  int64_t ResidentKilobytes() {
    std::ifstream status("/proc/" + std::to_string(ledger_->process().pid()) + "/status");
    std::string word;
    int64_t kilobytes = 0;
    while (status >> word) {
      if (word == "VmRSS:") status >> kilobytes;
    }
    return kilobytes;
  }

  SystemClock clock_;
  std::atomic<int> next_id_ = 1;
};

TEST_F(OverloadTest, RefusesAtOnceStaysBoundedAndRecovers) {
  StartService({"--transfer-queue", "8190", "--group-items", "500"});
  ASSERT_THAT(Register(1), IsOk());
  TimeOfTenBatches();  // warm
  const double before = TimeOfTenBatches();

  std::atomic<bool> is_over = false;
  std::atomic<int> accepted = 0, refused = 0;
  std::vector<std::thread> clients;
  for (int client = 0; client < kFlood; ++client) {
    clients.emplace_back([&] {
      const auto stub = ledger_->Stub();
      while (!is_over) {
        const auto response =
            Call(*stub, &Service::PostTransfers, Batch(next_id_.fetch_add(kBatch)));
        if (response.ok()) {
          ++accepted;
          continue;
        }
        EXPECT_THAT(response, StatusIs(absl::StatusCode::kResourceExhausted, "OVERLOADED"));
        ++refused;
      }
    });
  }
  ThreadSleeper sleeper;
  sleeper.SleepFor(std::chrono::seconds(1));
  const int64_t early = ResidentKilobytes();
  sleeper.SleepFor(std::chrono::seconds(3));
  const int64_t late = ResidentKilobytes();
  is_over = true;
  for (auto& client : clients) client.join();
  const double after = TimeOfTenBatches();

  std::printf(
      "accepted %d, refused %d, resident %lld then %lld KiB, ten batches %.2f s then %.2f s\n",
      accepted.load(), refused.load(), static_cast<long long>(early), static_cast<long long>(late),
      before, after);
  EXPECT_GT(accepted, 0);
  EXPECT_GT(refused, accepted) << "this was no overload";
  EXPECT_LT(late, 2 * early + 100'000) << "memory grows with the load";
  EXPECT_LT(after, 5 * before) << "the flood is still felt";
}

}  // namespace
}  // namespace joulebook::ledger
