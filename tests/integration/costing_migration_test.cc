// A database of costing's from before earnings were numbered in order: what it holds goes on.

#include "common/ids/random.h"
#include "common/testing/matchers.h"
#include "common/testing/postgres.h"
#include "common/testing/virtual_clock.h"
#include "services/costing/store/pg_store.h"

namespace joulebook::costing {
namespace {

constexpr Duration kTimeout = std::chrono::seconds(10);
// The last of the migrations before earnings were in order.
constexpr std::size_t kOldMigrations = 4;

// Two pending claims: one of no time at all, and the same one again with a second.
constexpr char kOldEarnings[] = R"(
INSERT INTO costing.earnings (id, provider_id, source, units, first_factor_ppm, second_factor_ppm,
  start_us, end_us, amount, tariff_hash, state)
SELECT number::uuid, '09000000-0000-0000-0000-000000000001', 1, 0, 0, 0, 5000000, end_us, 0, hash, 1
FROM (SELECT hash FROM costing.tariffs LIMIT 1) tariff,
  (VALUES ('06000000-0000-0000-0000-000000000001', 5000000),
          ('06000000-0000-0000-0000-000000000002', 6000000)) claims (number, end_us))";

class CostingMigrationTest : public testing::Test {
 protected:
  CostingMigrationTest() {
    EXPECT_THAT(Migrate(connection_, kSchema, Migrations().first(kOldMigrations)), IsOk());
    EXPECT_THAT(Execute(kOldEarnings), IsOk());
    EXPECT_THAT(Migrate(connection_, kSchema, Migrations()), IsOk());
  }

  absl::Status Execute(const std::string& sql) {
    return RunTransaction(database_, {}, [&](pqxx::transaction_base& tx) {
      tx.exec(sql);
      return absl::OkStatus();
    });
  }

  VirtualClock clock_;
  SeededRandom random_{1};
  ThreadSleeper sleeper_;
  const std::string connection_ = MakeTestDatabase();
  Pool pool_{{connection_, 2}};
  const Database database_{pool_, clock_, random_, sleeper_};
  std::unique_ptr<Store> store_ = MakePgStore(database_);
};

TEST_F(CostingMigrationTest, AClaimOfNoTimeFromBeforeIsStillDecided) {
  for (const char* id :
       {"06000000-0000-0000-0000-000000000001", "06000000-0000-0000-0000-000000000002"}) {
    const auto decided =
        store_->SetEarningState(*Uuid::Parse(id), EarningState::kConfirmed, kTimeout,
                                [](const Earning&) { return absl::OkStatus(); });
    ASSERT_THAT(decided, IsOk()) << id;
    ASSERT_TRUE(decided->has_value());
    EXPECT_EQ((*decided)->state, EarningState::kConfirmed);
  }
}

TEST_F(CostingMigrationTest, AClaimAfterItIsHeldToThePeriod) {
  const auto copy = [&](int number, const char* end) {
    return Execute(absl::StrCat(
        "INSERT INTO costing.earnings (id, number, provider_id, source, units, first_factor_ppm, "
        "second_factor_ppm, start_us, end_us, amount, tariff_hash, state) SELECT "
        "gen_random_uuid(), ",
        number,
        ", provider_id, source, units, first_factor_ppm, "
        "second_factor_ppm, start_us, ",
        end,
        ", amount, tariff_hash, state FROM costing.earnings "
        "WHERE number = 1"));
  };
  EXPECT_FALSE(copy(3, "start_us").ok());
  EXPECT_THAT(copy(3, "start_us + 1"), IsOk());
  EXPECT_FALSE(copy(4, "start_us + 1").ok());
}

}  // namespace
}  // namespace joulebook::costing
