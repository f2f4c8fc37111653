// Several replicas on one database, and what happens when the database goes away.

#include <signal.h>

#include <thread>

#include "common/rpc/timestamps.h"
#include "tests/integration/costing_fixture.h"

namespace joulebook::costing {
namespace {

class CostingReplicasTest : public CostingTest {};

// All that replicas share is published; the rest each does alone.
TEST_F(CostingReplicasTest, GiveTheSamePricesAndAcceptOneAnothersQuotes) {
  StartService(ShortNotice());
  auto other = StartReplica(ShortNotice());
  ASSERT_THAT(other, IsOk());
  const auto other_stub = other->StubOf<v1::CostingService>({});
  const int64_t effective = SoonUs();
  ASSERT_THAT(
      Publish(ShippedDocument(
          "constants", absl::StrCat(R"({"version": 2, "effective_us": )", effective,
                                    R"(, "rates": {"hash": {"tiers": [{"joules": "1"}]}}})"))),
      IsOk());
  SleepUntil(effective);
  v1::QuoteRequest request;
  *request.mutable_item() = SearchItem(10);
  const auto here = Call(*stub_, &Service::Quote, request);
  const auto there = Call(*other_stub, &Service::Quote, request);
  ASSERT_THAT(here, IsOk());
  ASSERT_THAT(there, IsOk());
  EXPECT_EQ(here->quote().terms().tariff_version(), 2);
  EXPECT_EQ(there->quote().terms().tariff_hash(), here->quote().terms().tariff_hash());
  EXPECT_EQ(there->quote().terms().total_microjoules(), here->quote().terms().total_microjoules());
  v1::SettleQuoteRequest settle;
  *settle.mutable_quote() = here->quote().signed_quote();
  settle.set_found_results(3);
  EXPECT_THAT(Call(*other_stub, &Service::SettleQuote, settle), IsOk());
}

TEST_F(CostingReplicasTest, RacingPublishersGetOneTariff) {
  StartService(ShortNotice());
  const std::string document = ShippedDocument(
      "constants", absl::StrCat(R"({"version": 2, "effective_us": )", NowUs() + 60'000'000, "}"));
  std::atomic<int> published = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto response = Publish(document);
      EXPECT_THAT(response, IsOk());
      published += response.ok() && response->published_now();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(published, 1);
}

// A publication is held to what the database has, not to what this replica has read of it.
TEST_F(CostingReplicasTest, AReplicaThatHasNotReadATariffPublishesItsNextVersion) {
  StartService();
  auto other = StartReplica({"--refresh-interval-ms", "600000", "--refresh-max-age-ms", "3600000",
                             "--quote-ahead-ms", "0"});
  ASSERT_THAT(other, IsOk());
  const auto other_stub = other->StubOf<v1::CostingService>({});
  const auto document = [](int version, int period_s) {
    return ShippedDocument("constants",
                           absl::StrCat(R"({"name": "unread", "version": )", version,
                                        R"(, "effective_us": )", NowUs() + 90'000'000'000 + version,
                                        R"(, "congestion": {"period_s": )", period_s, "}}"));
  };
  ASSERT_THAT(Publish(document(1, 3'600)), IsOk());
  v1::PublishTariffRequest publish;
  publish.set_document(document(2, 1'800));
  const auto refused = Call(*other_stub, &Service::PublishTariff, publish);
  ASSERT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument, "TARIFF_INVALID"));
  EXPECT_EQ(GetErrorInfo(refused.status())->metadata["place"], "congestion.period_s");
  publish.set_document(document(2, 3'600));
  EXPECT_THAT(Call(*other_stub, &Service::PublishTariff, publish), IsOk());
}

// One service on a PostgreSQL of its own, which goes away or falls silent.
class CostingOutageTest : public testing::Test {
 protected:
  void Start(std::vector<std::string> flags) {
    auto postgres = PostgresServer::Start();
    ASSERT_THAT(postgres, IsOk());
    postgres_ = *std::move(postgres);
    ASSERT_THAT(postgres_->CreateDatabase("costing"), IsOk());
    const std::string keys = MakeTempDir() + "/quote-keys";
    std::ofstream(keys) << NoteSigner::Make("test/costing", std::string(32, 'q'))->ToString();
    flags.insert(flags.end(), {"--quote-keys-file", keys});
    auto costing = ServiceProcess::Start(
        "costingd", PrepareSchema("costing", postgres_->Connection("costing")), flags);
    ASSERT_THAT(costing, IsOk());
    costing_.emplace(*std::move(costing));
    stub_ = costing_->StubOf<v1::CostingService>({});
  }

  std::unique_ptr<PostgresServer> postgres_;
  std::optional<ServiceProcess> costing_;
  std::unique_ptr<Service> stub_;
};

TEST_F(CostingOutageTest, WithoutItsDatabaseItQuotesUntilItCannotBeSure) {
  Start({"--refresh-interval-ms", "100", "--refresh-max-age-ms", "1500"});
  v1::QuoteRequest quote;
  *quote.mutable_item() = StoreItem();
  ASSERT_THAT(Call(*stub_, &Service::Quote, quote), IsOk());
  postgres_->StopImmediately();
  EXPECT_THAT(Call(*stub_, &Service::Quote, quote), IsOk());  // nothing needed but memory
  EXPECT_THAT(Call(*stub_, &Service::ListTariffs, v1::ListTariffsRequest()),
              StatusIs(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"));
  SystemClock clock;
  const Duration end = clock.MonotonicNow() + std::chrono::seconds(20);
  absl::Status status;
  while (status.ok() && clock.MonotonicNow() < end) {
    status = Call(*stub_, &Service::Quote, quote).status();
  }
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, "TARIFFS_STALE"));
  ASSERT_THAT(postgres_->StartAgain(), IsOk());
  while (!status.ok() && clock.MonotonicNow() < end + std::chrono::seconds(20)) {
    status = Call(*stub_, &Service::Quote, quote).status();
  }
  EXPECT_THAT(status, IsOk());
}

TEST_F(CostingOutageTest, ASilentDatabaseIsNotHealthAndKeepsNoSignalWaiting) {
  Start({"--statement-timeout-ms", "500", "--drain-timeout-ms", "500"});
  postgres_->Pause();
  EXPECT_THAT(costing_->process().WaitForLog("\"msg\":\"not serving\"", std::chrono::seconds(20)),
              IsOk());
  EXPECT_THAT(Call(*stub_, &Service::ListTariffs, v1::ListTariffsRequest()),
              StatusIs(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"));
  costing_->process().Signal(SIGTERM);
  EXPECT_EQ(costing_->process().Wait(), 0);
  postgres_->Resume();
}

}  // namespace
}  // namespace joulebook::costing
