// Claims of providers through the real server: what is plausible, in which order it is refused, and
// pages that lose no row.

#include <algorithm>
#include <atomic>
#include <pqxx/pqxx>
#include <thread>

#include "common/crypto/sha256.h"
#include "common/time/timers.h"
#include "services/costing/store/sql.h"
#include "tests/integration/costing_fixture.h"

namespace joulebook::costing {
namespace {

constexpr int64_t kDay = 86'400;
constexpr int64_t kStart = 1'700'000'000;

class EarningsTest : public CostingTest {
 protected:
  // An earning of the first day.
  static v1::Earning EarningOf(int number) {
    v1::Earning earning;
    earning.set_earning_id(TestId(6, number));
    earning.set_provider_member_id(MemberId(9));
    earning.set_source(v1::EARNING_SOURCE_GEOGRAPHIC);
    earning.set_units(kDay);
    earning.set_first_factor_ppm(1'000'000);
    earning.set_second_factor_ppm(1'000'000);
    earning.mutable_start_time()->set_seconds(kStart);
    earning.mutable_end_time()->set_seconds(kStart + kDay);
    return earning;
  }

  // The same of the day after so many.
  static v1::Earning EarningOfDay(int number, int64_t days) {
    v1::Earning earning = EarningOf(number);
    earning.mutable_start_time()->set_seconds(kStart + days * kDay);
    earning.mutable_end_time()->set_seconds(kStart + (days + 1) * kDay);
    return earning;
  }

  absl::StatusOr<v1::RecordEarningResponse> Record(const v1::Earning& earning,
                                                   Duration timeout = std::chrono::seconds(20)) {
    v1::RecordEarningRequest request;
    *request.mutable_earning() = earning;
    return Call(*stub_, &Service::RecordEarning, request, "", timeout);
  }

  // The last digits of the ids of all earnings, page by page.
  std::string ListAll(int32_t page_size) {
    std::string listed;
    v1::ListEarningsRequest list;
    list.set_page_size(page_size);
    do {
      const auto page = Call(*stub_, &Service::ListEarnings, list);
      EXPECT_THAT(page, IsOk());
      if (!page.ok()) return listed;
      for (const v1::Earning& earning : page->earnings()) listed += earning.earning_id().back();
      list.set_page_token(page->next_page_token());
    } while (!list.page_token().empty());
    return listed;
  }
};

TEST_F(EarningsTest, TheSameTimeIsClaimedOnce) {
  StartService();
  ASSERT_THAT(Record(EarningOf(1)), IsOk());
  const auto overlaps = [&](const v1::Earning& earning) {
    const auto recorded = Record(earning);
    EXPECT_THAT(recorded, StatusIs(absl::StatusCode::kAlreadyExists, "EARNING_OVERLAPS"));
    EXPECT_EQ(GetErrorInfo(recorded.status())->metadata["earning_id"], TestId(6, 1));
  };
  overlaps(EarningOf(2));  // the same period under another id
  v1::Earning earning = EarningOf(2);
  earning.mutable_start_time()->set_seconds(kStart + kDay - 1);
  earning.mutable_end_time()->set_seconds(kStart + 2 * kDay);
  overlaps(earning);
  EXPECT_THAT(Record(EarningOfDay(3, 1)), IsOk());   // begins where the first one ends
  EXPECT_THAT(Record(EarningOfDay(4, -1)), IsOk());  // ends where it begins
  earning = EarningOf(5);
  earning.set_source(v1::EARNING_SOURCE_NETWORK);
  EXPECT_THAT(Record(earning), IsOk());
  earning = EarningOf(6);
  earning.set_provider_member_id(MemberId(8));
  EXPECT_THAT(Record(earning), IsOk());

  // A claim found false leaves its time to another claim.
  v1::SetEarningStateRequest reject;
  reject.set_earning_id(TestId(6, 1));
  reject.set_state(v1::EARNING_STATE_REJECTED);
  ASSERT_THAT(Call(*stub_, &Service::SetEarningState, reject), IsOk());
  EXPECT_THAT(Record(EarningOf(2)), IsOk());
}

// Without a resource a claim is for all that the provider has.
TEST_F(EarningsTest, AClaimForAllOverlapsEveryResources) {
  StartService();
  const auto of = [](v1::Earning earning, int resource) {
    if (resource != 0) earning.set_resource_id(TestId(7, resource));
    return earning;
  };
  const auto overlaps = [&](const v1::Earning& earning, int other) {
    const auto recorded = Record(earning);
    EXPECT_THAT(recorded, StatusIs(absl::StatusCode::kAlreadyExists, "EARNING_OVERLAPS"));
    EXPECT_EQ(GetErrorInfo(recorded.status())->metadata["earning_id"], TestId(6, other));
  };
  ASSERT_THAT(Record(EarningOf(1)), IsOk());
  overlaps(of(EarningOf(2), 1), 1);
  const auto recorded = Record(of(EarningOfDay(3, 1), 1));
  ASSERT_THAT(recorded, IsOk());
  EXPECT_EQ(recorded->earning().resource_id(), TestId(7, 1));
  EXPECT_THAT(Record(of(EarningOfDay(4, 1), 2)), IsOk());
  overlaps(of(EarningOfDay(5, 1), 2), 4);
  overlaps(EarningOfDay(5, 1), 3);
}

// The schema has the last word, whatever writes the table.
TEST_F(EarningsTest, TheSchemaKeepsPeriodsApart) {
  StartService();
  ASSERT_THAT(Record(EarningOf(1)), IsOk());
  const std::string copy =
      "INSERT INTO costing.earnings (id, number, provider_id, source, units, first_factor_ppm, "
      "second_factor_ppm, start_us, end_us, amount, tariff_hash, state) "
      "SELECT '" +
      TestId(6, 2) +
      "', 2, provider_id, source, units, first_factor_ppm, "
      "second_factor_ppm, ";
  const std::string from = ", amount, tariff_hash, state FROM costing.earnings";
  pqxx::connection session(connection_);
  pqxx::nontransaction writer(session);
  EXPECT_THROW(writer.exec(copy + "start_us + 1, end_us + 1" + from), pqxx::sql_error);
  EXPECT_THROW(writer.exec(copy + "end_us, end_us" + from), pqxx::check_violation);
  writer.exec(copy + "end_us, end_us + 1" + from);
}

// The first reason that applies is the one that is given; each row leaves out what the row before
// was refused for.
TEST_F(EarningsTest, ReasonsHaveOneOrder) {
  StartService();
  ASSERT_THAT(Record(EarningOf(1)), IsOk());
  v1::Earning earning = EarningOf(1);
  earning.set_resource_id("x");
  earning.set_units(-1);
  earning.mutable_start_time()->set_seconds(NowUs() / 1'000'000 + 2 * kDay);
  earning.mutable_end_time()->set_seconds(NowUs() / 1'000'000 + kDay);
  earning.set_first_factor_ppm(2'000'001);
  earning.set_second_factor_ppm(2'000'001);
  const auto refused = [&](const std::string& field) {
    const auto recorded = Record(earning);
    EXPECT_THAT(recorded, StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
    EXPECT_EQ(GetErrorInfo(recorded.status())->metadata["field"], field);
    return GetErrorInfo(recorded.status())->metadata["rule"];
  };
  refused("resource_id");
  earning.clear_resource_id();
  refused("units");
  earning.set_units(2 * kDay);
  EXPECT_EQ(refused("end_time"), "must be after start_time");
  earning.mutable_start_time()->set_seconds(kStart);
  EXPECT_EQ(refused("end_time"), "must not be in the future");
  earning.mutable_end_time()->set_seconds(kStart + kDay);
  refused("first_factor_ppm");
  earning.set_first_factor_ppm(1'000'000);
  refused("second_factor_ppm");
  earning.set_second_factor_ppm(1'000'000);
  refused("units");
  earning.set_units(kDay - 1);
  EXPECT_THAT(Record(earning),
              StatusIs(absl::StatusCode::kAlreadyExists, "ID_EXISTS_WITH_DIFFERENT_CONTENT"));
  earning.set_earning_id(TestId(6, 2));
  EXPECT_THAT(Record(earning), StatusIs(absl::StatusCode::kAlreadyExists, "EARNING_OVERLAPS"));
  EXPECT_FALSE(Record(EarningOf(1))->recorded_now());
}

// The sums are the database's, and what does not fit has a reason.
TEST_F(EarningsTest, AStatementOfMoreThanFitsIsRefused) {
  StartService();
  ASSERT_THAT(Record(EarningOf(1)), IsOk());
  const auto insert = [&](int day, int state) {
    const absl::Status inserted =
        RunCommand(
            {"psql", "-q", "-X", "-d", superuser_connection_, "-c",
             absl::StrCat(
                 "INSERT INTO costing.earnings (id, number, provider_id, source, units, "
                 "first_factor_ppm, second_factor_ppm, start_us, end_us, amount, tariff_hash, "
                 "state) SELECT gen_random_uuid(), ",
                 day + 1, ", provider_id, 2, 1, 1, 1, start_us + ", day,
                 " * 86400000000, end_us + ", day, " * 86400000000, ", int64_t{1} << 62,
                 ", tariff_hash, ", state, " FROM costing.earnings WHERE number = 1")})
            .status();
    ASSERT_THAT(inserted, IsOk());
  };
  v1::GetProviderStatementRequest ask;
  ask.set_provider_member_id(MemberId(9));
  ask.mutable_start_time()->set_seconds(kStart);
  ask.mutable_end_time()->set_seconds(kStart + 10 * kDay);
  ask.set_revenue_microjoules(0);
  ask.set_operational_costs_microjoules(0);
  insert(1, 2);
  const auto fits = Call(*stub_, &Service::GetProviderStatement, ask);
  ASSERT_THAT(fits, IsOk());
  EXPECT_EQ(fits->statement().network_microjoules(), int64_t{1} << 62);
  EXPECT_EQ(fits->statement().pending_microjoules(), 1'000'000);
  insert(2, 3);  // confirmed and paid are one sum, of two that fit
  EXPECT_THAT(Call(*stub_, &Service::GetProviderStatement, ask),
              StatusIs(absl::StatusCode::kOutOfRange, "PRICE_OUT_OF_RANGE"));
  ask.mutable_start_time()->set_seconds(kStart + 2 * kDay + 1);
  EXPECT_THAT(Call(*stub_, &Service::GetProviderStatement, ask), IsOk());
  insert(3, 3);  // a sum of the database's that does not fit
  EXPECT_THAT(Call(*stub_, &Service::GetProviderStatement, ask),
              StatusIs(absl::StatusCode::kOutOfRange, "PRICE_OUT_OF_RANGE"));
}

// A replica remembers a tariff that its database lost: an answer, and not a bug.
TEST_F(EarningsTest, AnEarningByATariffThatTheDatabaseLost) {
  StartService({"--refresh-interval-ms", "600000", "--refresh-max-age-ms", "3600000",
                "--notice-period-ms", "86400000", "--quote-ahead-ms", "0"});
  ASSERT_THAT(Record(EarningOf(1)), IsOk());
  ASSERT_THAT(RunCommand({"psql", "-q", "-X", "-d", superuser_connection_, "-c",
                          "SET session_replication_role = replica; DELETE FROM costing.tariffs"}),
              IsOk());
  EXPECT_THAT(Record(EarningOfDay(2, 1)),
              StatusIs(absl::StatusCode::kNotFound, "TARIFF_NOT_FOUND"));
  EXPECT_FALSE(Record(EarningOf(1))->recorded_now());
  EXPECT_EQ(ListAll(10), "1");
}

// Lists and a writer that was stopped in the middle of its work. It holds the order: nothing gets a
// place behind its row before the row is there.
class PausedWriterTest : public EarningsTest {
 protected:
  template <typename Response>
  static void ExpectWaits(const absl::StatusOr<Response>& answer) {
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kDeadlineExceeded) << answer.status();
  }
  static constexpr Duration kMoment = std::chrono::seconds(1);
};

TEST_F(PausedWriterTest, APageOfEarningsNeverLosesARow) {
  StartService();
  const auto first = Record(EarningOf(1));
  ASSERT_THAT(first, IsOk());
  const std::string& hash = first->earning().tariff_hash();
  pqxx::connection session(connection_);
  pqxx::work paused(session);
  paused.exec(sql::kLockEarnings);
  paused.exec_params(sql::kInsertEarning, TestId(6, 2), MemberId(8), 3, 1, 1, 1, 1, 2, 0,
                     pqxx::binarystring(hash.data(), hash.size()), 1, TestId(7, 1));
  ExpectWaits(Record(EarningOfDay(3, 1), kMoment));
  EXPECT_EQ(ListAll(1), "1");
  paused.commit();
  ASSERT_THAT(Record(EarningOfDay(3, 1)), IsOk());
  EXPECT_EQ(ListAll(1), "123");
}

TEST_F(PausedWriterTest, ReadsGoOnWhileWritesWait) {
  constexpr int kClaims = 8;
  constexpr Duration kPatience = std::chrono::seconds(60);  // of writers, on a slow machine
  StartService({"--write-threads", "2", "--write-queue", "5", "--statement-timeout-ms", "60000",
                "--call-timeout-ms", "60000"});
  std::vector<std::thread> claims;
  std::atomic<int> refused = 0;
  {
    pqxx::connection session(connection_);
    pqxx::work paused(session);
    paused.exec(sql::kLockEarnings);
    for (int number = 1; number <= kClaims; ++number) {
      claims.emplace_back([&, number] {
        auto claimed = Record(EarningOfDay(number, number), kPatience);
        for (; absl::IsResourceExhausted(claimed.status()); ++refused) {
          EXPECT_THAT(claimed, StatusIs(absl::StatusCode::kResourceExhausted, "OVERLOADED"));
          auto info = GetErrorInfo(claimed.status()).value_or(ErrorInfo());
          EXPECT_EQ(info.metadata["queue"], "writing calls");
          EXPECT_EQ(info.metadata["limit"], "5");
          ThreadSleeper().SleepFor(std::chrono::milliseconds(50));
          claimed = Record(EarningOfDay(number, number), kPatience);
        }
        EXPECT_THAT(claimed, IsOk());
      });
    }
    // Two have the threads, five wait for them, and one is refused again and again.
    EXPECT_THAT(AwaitCalls(costing_->metrics_port(), "RecordEarning", 7), IsOk());
    EXPECT_THAT(Call(*stub_, &Service::ListEarnings, {}), IsOk());
    EXPECT_THAT(AwaitCalls(costing_->metrics_port(), "RecordEarning", 7), IsOk());
  }
  for (auto& claim : claims) claim.join();
  EXPECT_GT(refused, 0);
  std::string recorded = ListAll(3);
  std::ranges::sort(recorded);
  EXPECT_EQ(recorded, "12345678");
}

TEST_F(PausedWriterTest, APageOfTariffsNeverLosesARow) {
  StartService();
  v1::PublishTariffRequest publish;
  publish.set_document(ShippedDocument(
      "constants",
      absl::StrCat(R"({"version": 2, "effective_us": )", NowUs() + 2 * kDay * 1'000'000, "}")));
  const auto names = [&] {
    std::string listed;
    const auto page = Call(*stub_, &Service::ListTariffs, v1::ListTariffsRequest());
    for (const auto& tariff : page->tariffs()) listed += tariff.name() + " ";
    return listed;
  };
  pqxx::connection session(connection_);
  pqxx::work paused(session);
  paused.exec(sql::kLockTariffs);
  const Sha256Digest hash = Sha256("{}");
  paused.exec_params(sql::kInsertTariff, pqxx::binarystring(hash.data(), hash.size()), "other", 1,
                     0, 0, "{}", "");
  ExpectWaits(Call(*stub_, &Service::PublishTariff, publish, "", kMoment));
  EXPECT_EQ(names(), "constants block_table ");
  paused.commit();
  ASSERT_THAT(Call(*stub_, &Service::PublishTariff, publish), IsOk());
  EXPECT_EQ(names(), "constants block_table other constants ");
}

TEST_F(PausedWriterTest, APageOfCongestionNeverLosesARow) {
  StartService();
  v1::ReportDemandRequest report;
  report.set_class_name("searches");
  report.set_period(DueHour());
  report.set_demand(1);
  v1::ListCongestionRequest list;
  list.set_class_name("searches");
  pqxx::connection session(connection_);
  pqxx::work paused(session);
  paused.exec(sql::kLockReports);
  paused.exec_params(sql::kInsertReport, "constants", "searches", report.period() - 1, 1,
                     1'000'000);
  ExpectWaits(Call(*stub_, &Service::ReportDemand, report, "", kMoment));
  EXPECT_EQ(Call(*stub_, &Service::ListCongestion, list)->periods_size(), 0);
  paused.commit();
  ASSERT_THAT(Call(*stub_, &Service::ReportDemand, report), IsOk());
  EXPECT_EQ(Call(*stub_, &Service::ListCongestion, list)->periods_size(), 2);
}

}  // namespace
}  // namespace joulebook::costing
