// Payers that remember nothing but what they have to pay, on replicas that are killed: every try
// has a new id, and every effect is made once.

#include <signal.h>

#include <array>
#include <atomic>
#include <mutex>
#include <thread>

#include "absl/strings/str_format.h"
#include "common/ids/random.h"
#include "common/time/timers.h"
#include "tests/integration/service_fixture.h"

namespace joulebook::ledger {
namespace {

constexpr int kReplicas = 2;
constexpr int kPayers = 3;
constexpr int kLeastEffects = 80;
constexpr int kLeastKills = 4;
constexpr int64_t kAmount = 10;

class OnceKillTest : public testing::Test {
 protected:
  void SetUp() override {
    for (int replica = 0; replica < kReplicas; ++replica) Start(replica);
    for (int number = 1; number <= 2; ++number) {
      v1::RegisterMemberRequest member;
      member.set_member_id(MemberId(number));
      ASSERT_THAT(Call(*Stub(0), &Service::RegisterMember, member), IsOk());
    }
  }

  void Start(int replica) {
    auto started = LedgerProcess::Start(connection_, {});
    ASSERT_THAT(started, IsOk());
    const std::lock_guard lock(mutex_);
    replicas_.at(static_cast<std::size_t>(replica)).emplace(*std::move(started));
  }
  void Kill(int replica) {
    auto& killed = replicas_.at(static_cast<std::size_t>(replica));
    killed->process().Signal(SIGKILL);
    EXPECT_EQ(killed->process().Wait(), -SIGKILL) << "it had ended by itself";
    Start(replica);
  }
  std::unique_ptr<Service> Stub(int replica) {
    const std::lock_guard lock(mutex_);
    return replicas_.at(static_cast<std::size_t>(replica))->Stub();
  }

  // Tries until the effect is known to be made.
  void Pay(int effect, int payer, SeededRandom& random) {
    const auto below = [&](int bound) {
      return static_cast<int>(random.Next() % static_cast<uint64_t>(bound));
    };
    ThreadSleeper sleeper;
    for (;;) {
      const auto stub = Stub(below(kReplicas));
      auto attempt = MakePost(NextId(payer), MemberId(1), MemberId(2), kAmount);
      attempt.set_once_key(absl::StrFormat("%016d", effect));
      const bool is_held = below(2) == 0;
      if (is_held) {
        attempt.set_kind(v1::TRANSFER_KIND_RESERVE);
        attempt.set_hold_ttl_ms(400);
      }
      const auto code = CodeOf(*stub, attempt);
      if (code == v1::TRANSFER_RESULT_CODE_ONCE_DONE) return;
      if (code == v1::TRANSFER_RESULT_CODE_OK && !is_held) return;
      if (code == v1::TRANSFER_RESULT_CODE_OK && End(*stub, attempt.id(), below(3) != 0, payer)) {
        return;
      }
      if (code != v1::TRANSFER_RESULT_CODE_OK) sleeper.SleepFor(std::chrono::milliseconds(10));
    }
  }

  // Charges or releases the hold; whether it is known that it was charged.
  bool End(Service& stub, const std::string& hold, bool charges, int payer) {
    v1::TransferRequest end;
    end.set_id(NextId(payer));
    end.set_kind(charges ? v1::TRANSFER_KIND_CHARGE : v1::TRANSFER_KIND_RELEASE);
    end.set_target_id(hold);
    end.set_amount_minor(charges ? kAmount : 0);
    return CodeOf(stub, end) == v1::TRANSFER_RESULT_CODE_OK && charges;
  }

  // Unspecified where no answer came.
  static v1::TransferResultCode CodeOf(Service& stub, const v1::TransferRequest& request) {
    const auto response =
        Call(stub, &Service::PostTransfers, OneItem(request), "", std::chrono::seconds(2));
    return response.ok() ? response->results(0).code() : v1::TRANSFER_RESULT_CODE_UNSPECIFIED;
  }

  std::string NextId(int payer) { return TestId(2, payer * 1'000'000 + ++last_id_); }

  const std::string superuser_connection_ = MakeTestDatabase();
  const std::string connection_ = PrepareBook(superuser_connection_);
  std::mutex mutex_;
  std::array<std::optional<LedgerProcess>, kReplicas> replicas_;
  std::atomic<int> last_id_ = 0;
};

TEST_F(OnceKillTest, EveryEffectIsMadeOnceByPayersThatForgetTheirAttempts) {
  const uint64_t seed = MakeSystemRandom()->Next() % 1'000'000;
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::vector<std::thread> payers;
  std::atomic<int> busy = kPayers, kills = 0, effects = 0;
  for (int payer = 1; payer <= kPayers; ++payer) {
    payers.emplace_back([&, payer] {
      SeededRandom random(seed + static_cast<uint64_t>(payer));
      int effect = 0;
      while (effect < kLeastEffects || kills < kLeastKills) Pay(++effect, payer, random);
      for (int most = effects; most < effect && !effects.compare_exchange_weak(most, effect);) {
      }
      --busy;
    });
  }
  ThreadSleeper sleeper;
  for (; busy > 0; ++kills) {
    sleeper.SleepFor(std::chrono::milliseconds(400));
    Kill(kills % kReplicas);
  }
  for (auto& payer : payers) payer.join();

  v1::GetAccountRequest get;
  get.set_account_id(MemberId(2));
  const auto payee = Call(*Stub(0), &Service::GetAccount, get);
  ASSERT_THAT(payee, IsOk());
  EXPECT_EQ(payee->account().balances().earned_minor(), effects * kAmount);
  for (auto& replica : replicas_) {
    replica->process().Signal(SIGTERM);
    EXPECT_EQ(replica->process().Wait(), 0);
  }
  std::printf("%d effects, %d attempts, %d kills\n", effects.load(), last_id_.load(), kills.load());
  EXPECT_THAT(RunCommand({BinaryPath("ledgerd"), "check-books", "--database", connection_}),
              IsOk());
}

}  // namespace
}  // namespace joulebook::ledger
