// Replicas whose machines' clocks are wrong: PostgreSQL's clock decides, or nothing is written.

#include "common/testing/process.h"
#include "services/ledger/engine/log_sealer.h"
#include "services/ledger/store/pg_log_store.h"
#include "tests/integration/book_fixture.h"

namespace joulebook::ledger {
namespace {

constexpr Duration kHour = std::chrono::hours(1);
constexpr Duration kMinute = std::chrono::minutes(1);
constexpr Duration kSecond = std::chrono::seconds(1);
constexpr Duration kLease = std::chrono::seconds(3);

// A machine whose wall clock is wrong by a constant.
class WrongMachine final : public Clock {
 public:
  explicit WrongMachine(Duration ahead) : ahead_(ahead) {}
  Time Now() override { return system_.Now() + ahead_; }
  Duration MonotonicNow() override { return system_.MonotonicNow(); }

 private:
  SystemClock system_;
  const Duration ahead_;
};

// A replica that decides by PostgreSQL's clock, as ledgerd does.
struct Replica {
  Replica(const std::string& connection, Duration ahead, Duration max_skew, uint64_t seed)
      : machine(ahead),
        clock(machine),
        engine(connection, clock, seed, ClockGuard(clock, max_skew)) {
    EXPECT_THAT(clock.Refresh(engine.pool), IsOk());
  }

  WrongMachine machine;
  DatabaseClock clock;
  Engine engine;
};

class ClocksTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_THAT(right_.engine.writer.RegisterMember({alice_, "", ""}, kTimeout), IsOk());
    ASSERT_THAT(right_.engine.writer.RegisterMember({bob_, "", ""}, kTimeout), IsOk());
  }

  TransferRequest Request(TransferKind kind) {
    TransferRequest r;
    r.id = NumberedId(++last_id_);
    r.kind = kind;
    r.amount = 5;
    if (kind == TransferKind::kPost || kind == TransferKind::kReserve) {
      r.debit = alice_;
      r.credit = bob_;
      r.asset = AssetCode("J");
      r.operation = 24;
    }
    return r;
  }
  TransferRequest HoldFor(Duration ttl) {
    TransferRequest r = Request(TransferKind::kReserve);
    r.hold_ttl_ms = ttl / std::chrono::milliseconds(1);
    return r;
  }
  TransferRequest ChargeOf(const TransferRequest& hold) {
    TransferRequest r = Request(TransferKind::kCharge);
    r.target = hold.id;
    return r;
  }
  // A quote that is good for one minute from now.
  TransferItem Quoted() {
    TransferItem item{ResultCode::kOk, Request(TransferKind::kPost)};
    Quote quote;
    quote.id = NumberedId(++last_id_, 7);
    quote.member = alice_;
    quote.operation = item.request.operation;
    quote.payee = PayeeAccount{bob_};
    quote.total = item.request.amount;
    quote.starts = system_.Now() - kMinute / 2;
    quote.expires = system_.Now() + kMinute / 2;
    quote.is_signed = true;
    item.quote = quote;
    return item;
  }

  absl::Status Register(Replica& replica) {
    return replica.engine.writer.RegisterMember({NumberedId(++last_id_, 8), "", ""}, kTimeout)
        .status();
  }

  // Seals by this replica's clock; how many leaves.
  int64_t Seal(Replica& replica, const Uuid& holder) {
    const auto log = MakePgLogStore(replica.engine.database);
    LogSealer sealer({.holder = holder, .lease = kLease, .memory_file = memory_},
                     {*NoteSigner::Make("clocks", std::string(kEd25519SeedSize, 's'))}, *log,
                     replica.clock, replica.engine.ledger_metrics);
    const double before = replica.engine.ledger_metrics.transfers_sealed.Value();
    EXPECT_THAT(sealer.Run(), IsOk());
    return static_cast<int64_t>(replica.engine.ledger_metrics.transfers_sealed.Value() - before);
  }

  const Uuid alice_ = NumberedId(1, 9);
  const Uuid bob_ = NumberedId(2, 9);
  uint64_t last_id_ = 0;
  const std::string memory_ = MakeTempDir() + "/memory";  // of all that seal
  const std::string connection_ = MakeBookDatabase();
  SystemClock system_;
  ThreadSleeper sleeper_;
  Replica right_{connection_, Duration(0), kSecond, 1};
  Replica tolerant_{connection_, kHour, 2 * kHour, 2};  // an hour ahead, and let be
  Replica strict_{connection_, kHour, kSecond, 3};      // an hour ahead, and refused
};

TEST_F(ClocksTest, AMachineBeyondTheLimitWritesNothingAndSaysWhy) {
  const absl::Status refused = Register(strict_);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnavailable, "CLOCK_SKEWED"));
  const auto info = GetErrorInfo(refused);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->metadata.at("clock"), "machine");
  EXPECT_EQ(info->metadata.at("limit_ms"), "1000");
  EXPECT_NEAR(std::stod(info->metadata.at("skew_ms")), 3'600'000, 10'000);
  EXPECT_THAT(strict_.engine.store->CheckWritable(),
              StatusIs(absl::StatusCode::kUnavailable, "CLOCK_SKEWED"));
  EXPECT_THAT(Register(right_), IsOk());
}

TEST_F(ClocksTest, ABookAheadOfTheDatabaseIsNotWritten) {
  ASSERT_THAT(RunTransaction(right_.engine.database, {},
                             [](pqxx::transaction_base& tx) {
                               tx.exec(
                                   "UPDATE ledger.book SET last_recorded_us = "
                                   "last_recorded_us + 3600000000");
                               return absl::OkStatus();
                             }),
              IsOk());
  Replica late{connection_, Duration(0), kSecond, 5};
  const absl::Status refused = Register(late);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnavailable, "CLOCK_SKEWED"));
  const auto info = GetErrorInfo(refused);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->metadata.at("clock"), "book");
  EXPECT_THAT(late.engine.store->CheckWritable(),
              StatusIs(absl::StatusCode::kUnavailable, "CLOCK_SKEWED"));
}

TEST_F(ClocksTest, AReplicaReadsTheDatabasesTimeWithTheBook) {
  DatabaseClock unread(right_.machine);
  Engine engine(connection_, unread, 4, ClockGuard(unread, kHour));
  EXPECT_THAT(engine.writer.RegisterMember({NumberedId(5, 8), "", ""}, kTimeout), IsOk());
  EXPECT_LT(std::chrono::abs(unread.Now() - system_.Now()), kSecond);
}

TEST_F(ClocksTest, PostgresClockDecidesOnEveryReplica) {
  for (Replica* first : {&tolerant_, &right_}) {
    Replica& second = first == &right_ ? tolerant_ : right_;
    const TransferRequest hold = HoldFor(5 * kMinute);
    const TransferOutcome made = first->engine.Post(hold);
    ASSERT_EQ(made.code, ResultCode::kOk);
    EXPECT_LT(std::chrono::abs(made.recorded - system_.Now()), kMinute);
    EXPECT_EQ(*second.engine.writer.ExpireHolds(10, kTimeout), 0) << "not for five minutes";
    EXPECT_EQ(second.engine.Post(ChargeOf(hold)).code, ResultCode::kOk);

    const TransferRequest brief = HoldFor(std::chrono::milliseconds(1));
    ASSERT_EQ(first->engine.Post(brief).code, ResultCode::kOk);
    sleeper_.SleepFor(std::chrono::milliseconds(20));
    EXPECT_EQ(second.engine.Post(ChargeOf(brief)).code, ResultCode::kHoldExpired);
    EXPECT_EQ(*second.engine.writer.ExpireHolds(10, kTimeout), 1);

    EXPECT_EQ(first->engine.Post({Quoted()})[0].code, ResultCode::kOk);
    EXPECT_EQ(second.engine.Post({Quoted()})[0].code, ResultCode::kOk);
  }
  ExpectBookIsSound(right_.engine);
}

TEST_F(ClocksTest, LeasesAndLagsFollowPostgresClock) {
  EXPECT_EQ(Seal(tolerant_, NumberedId(1)), 7) << "the issuer; member, account and trial of two";
  ASSERT_THAT(Register(right_), IsOk());
  EXPECT_EQ(Seal(right_, NumberedId(2)), 0) << "the other has the lease";
  sleeper_.SleepFor(kLease);
  ASSERT_THAT(Register(right_), IsOk());
  for (Replica* replica : {&right_, &tolerant_}) {
    const auto log = MakePgLogStore(replica->engine.database);
    LogSealer watching({}, {}, *log, replica->clock, replica->engine.ledger_metrics);
    ASSERT_THAT(watching.Run(), IsOk());
    EXPECT_NEAR(replica->engine.ledger_metrics.sealing_lag_seconds.Value(), 5, 4.9);

    ASSERT_EQ(replica->engine.Post(HoldFor(std::chrono::milliseconds(1))).code, ResultCode::kOk);
    sleeper_.SleepFor(std::chrono::milliseconds(20));
    EXPECT_EQ(*replica->engine.writer.ExpireHolds(10, kTimeout), 1);
    EXPECT_NEAR(replica->engine.ledger_metrics.expiry_lag_seconds.Value(), 5, 4.999);
  }
  EXPECT_GT(Seal(right_, NumberedId(2)), 0) << "the lease ran out";
}

}  // namespace
}  // namespace joulebook::ledger
