// Tariffs, congestion, proofs of work, earnings and what-if through the real server.

#include <pqxx/pqxx>

#include "common/crypto/sha256.h"
#include "common/rpc/timestamps.h"
#include "common/time/zone_database.h"
#include "services/costing/domain/tariff_fixture.h"
#include "services/costing/engine/proof_of_work_hash.h"
#include "services/costing/store/pg_store.h"
#include "services/costing/store/sql.h"
#include "tests/integration/costing_fixture.h"
#include "tests/integration/reference_checks.h"

namespace joulebook::costing {
namespace {

class TariffsTest : public CostingTest {
 protected:
  absl::StatusOr<v1::Tariff> Get(const std::string& name, int64_t version,
                                 std::optional<int64_t> at_us = std::nullopt) {
    v1::GetTariffRequest request;
    request.mutable_tariff()->set_name(name);
    request.mutable_tariff()->set_version(version);
    if (at_us.has_value()) {
      SetTimestamp(Time(Duration(*at_us)), *request.mutable_tariff()->mutable_time());
    }
    JB_ASSIGN_OR_RETURN(const auto response, Call(*stub_, &Service::GetTariff, request));
    return response.tariff();
  }
};

TEST_F(TariffsTest, TheShippedOnesAreTheRepositorys) {
  StartService();
  for (const char* name : {"constants", "block_table"}) {
    const auto tariff = Get(name, 1);
    ASSERT_THAT(tariff, IsOk());
    EXPECT_EQ(tariff->document(), ParseTariff(ShippedText(name), FindZone)->canonical);
    EXPECT_EQ(tariff->hash(), std::string(AsBytes(Sha256(tariff->document()))));
  }
}

TEST_F(TariffsTest, AreNumberedImmutableAndNeverRetroactive) {
  StartService({"--notice-period-ms", "10000", "--quote-ahead-ms", "0", "--quote-validity-ms",
                "1000", "--refresh-max-age-ms", "5000", "--call-timeout-ms", "4000"});
  const int64_t effective = NowUs() + 20'000'000;
  const auto document = [&](int64_t version, int64_t effective_us, const std::string& more = "") {
    return ShippedDocument(
        "constants",
        absl::StrCat(R"({"version": )", version, R"(, "effective_us": )", effective_us, more, "}"));
  };
  EXPECT_THAT(Publish(document(3, effective)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "TARIFF_VERSION_NOT_NEXT"));
  EXPECT_THAT(Publish(document(2, NowUs() + 5'000'000)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "TARIFF_TOO_EARLY"));
  EXPECT_THAT(Publish(document(1, effective)),
              StatusIs(absl::StatusCode::kAlreadyExists, "ID_EXISTS_WITH_DIFFERENT_CONTENT"));
  EXPECT_THAT(Publish(document(2, effective, R"(, "broadcast": "-1")")),
              StatusIs(absl::StatusCode::kInvalidArgument, "TARIFF_INVALID"));
  EXPECT_THAT(Publish(document(2, effective, R"(, "congestion": {"period_s": 60})")),
              StatusIs(absl::StatusCode::kInvalidArgument, "TARIFF_INVALID"));
  EXPECT_THAT(Publish(std::string(300 * 1024, ' ')),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));

  const auto published = Publish(document(2, effective, R"(, "broadcast": "1.5")"));
  ASSERT_THAT(published, IsOk());
  EXPECT_TRUE(published->published_now());
  EXPECT_EQ(published->tariff().version(), 2);
  const auto again = Publish(document(2, effective, R"(, "broadcast": "1.5")"));
  ASSERT_THAT(again, IsOk());
  EXPECT_FALSE(again->published_now());
  EXPECT_EQ(again->tariff().SerializeAsString(), published->tariff().SerializeAsString());
  EXPECT_THAT(Publish(document(3, effective)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "TARIFF_TOO_EARLY"));

  EXPECT_EQ(Get("constants", 0)->version(), 1);
  EXPECT_EQ(Get("constants", 0, effective - 1)->version(), 1);
  EXPECT_EQ(Get("constants", 0, effective)->version(), 2);
  EXPECT_THAT(Get("constants", 9), StatusIs(absl::StatusCode::kNotFound, "TARIFF_NOT_FOUND"));

  v1::DiffTariffsRequest diff;
  diff.mutable_before()->set_version(1);
  diff.mutable_after()->set_version(2);
  const auto differences = Call(*stub_, &Service::DiffTariffs, diff);
  ASSERT_THAT(differences, IsOk());
  ASSERT_EQ(differences->differences_size(), 3);
  EXPECT_EQ(differences->differences(0).place(), "broadcast");
  EXPECT_EQ(differences->differences(0).before(), "\"1.2\"");
  EXPECT_EQ(differences->differences(0).after(), "\"1.5\"");

  v1::ListTariffsRequest list;
  list.set_page_size(2);
  const auto first = Call(*stub_, &Service::ListTariffs, list);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->tariffs_size(), 2);
  EXPECT_EQ(first->tariffs(0).document(), "");
  list.set_page_token(first->next_page_token());
  const auto second = Call(*stub_, &Service::ListTariffs, list);
  ASSERT_EQ(second->tariffs_size(), 1);
  EXPECT_EQ(second->tariffs(0).version(), 2);
  EXPECT_EQ(second->next_page_token(), "");
  list.set_page_token("x");
  EXPECT_THAT(Call(*stub_, &Service::ListTariffs, list),
              StatusIs(absl::StatusCode::kInvalidArgument, "PAGE_TOKEN_INVALID"));
}

// One that a replica cannot read is refused by its name, wherever it would decide; the others
// serve.
TEST_F(TariffsTest, WhatCannotBeReadIsRefusedByNameAndTheRestIsServed) {
  const std::string strange =
      ShippedDocument("constants", R"({"name": "strange", "time_of_use": {"zone": "localtime"}})");
  StartService({"--refresh-interval-ms", "50"});
  {
    pqxx::connection session(superuser_connection_);
    pqxx::nontransaction writer(session);
    for (const std::string& document :
         {strange, ShippedDocument("block_table", R"({"version": 2, "effective_us": 1})")}) {
      const auto json = nlohmann::json::parse(document);
      const std::string text = json["name"] == "strange" ? document : "no tariff at all";
      const Sha256Digest hash = Sha256(text);
      writer.exec_params(sql::kInsertTariff, pqxx::binarystring(hash.data(), hash.size()),
                         json["name"].get<std::string>(), json["version"].get<int>(),
                         json["effective_us"].get<int>(), 0, text, "");
    }
  }
  v1::QuoteItem item = StoreItem();
  const auto refused = [&](const auto& answer, const std::string& tariff) {
    EXPECT_THAT(answer, StatusIs(absl::StatusCode::kUnavailable, "TARIFF_UNREADABLE"));
    EXPECT_EQ(GetErrorInfo(answer.status())->metadata["tariff"], tariff);
  };
  item.set_tariff_name("strange");
  ASSERT_TRUE(Eventually([&] { return absl::IsUnavailable(QuoteOf(item).status()); }));
  const auto strange_quote = QuoteOf(item);
  refused(strange_quote, "strange:1");
  EXPECT_EQ(GetErrorInfo(strange_quote.status())->metadata["problem"],
            "the tariff's time_of_use.zone is no name of the IANA time zone database");
  item.set_tariff_name("block_table");  // not by the version before
  refused(QuoteOf(item), "block_table:2");
  refused(Get("block_table", 2), "block_table:2");
  EXPECT_THAT(Get("block_table", 1), IsOk());
  EXPECT_THAT(QuoteOf(StoreItem()), IsOk());
  EXPECT_EQ(Call(*stub_, &Service::ListTariffs, v1::ListTariffsRequest())->tariffs_size(), 4);
  auto other = StartReplica();
  ASSERT_THAT(other, IsOk());
  const std::string metrics = ExpectGoldenMetrics("costing", other->metrics_port());
  EXPECT_NE(metrics.find("costing_unreadable_tariffs 2"), std::string::npos);
  EXPECT_FALSE(StartReplica({"--tariff", "strange"}).ok());
}

TEST_F(TariffsTest, SayWhichTimeZoneDatabaseReadThem) {
  StartService();
  const auto published =
      Publish(ShippedDocument("constants", absl::StrCat(R"({"version": 2, "effective_us": )",
                                                        NowUs() + 90'000'000'000, "}")));
  ASSERT_THAT(published, IsOk());
  EXPECT_EQ(published->tariff().tzdata_version(), TimeZoneDatabaseVersion());
  EXPECT_EQ(Get("constants", 2)->tzdata_version(), TimeZoneDatabaseVersion());
  EXPECT_EQ(Get("constants", 1)->tzdata_version(), "");
}

TEST_F(TariffsTest, ATariffTakesEffectOnTimeAndSessionsGoAcross) {
  StartService(ShortNotice());
  v1::OpenSessionRequest open;
  open.set_session_id(TestId(5, 1));
  *open.mutable_item() = StoreItem();
  open.mutable_item()->mutable_usage()->set_operation_type(type::v1::OPERATION_TYPE_BLOCK_RETRIEVE);
  open.set_unit(type::v1::METERED_UNIT_BYTES);
  open.set_wanted_units(10 << 20);
  const int64_t effective = SoonUs();
  ASSERT_THAT(Publish(ShippedDocument(
                  "constants", absl::StrCat(R"({"version": 2, "effective_us": )", effective,
                                            R"(, "time_of_use": {"windows": []}, "rates": )",
                                            R"({"bandwidth": {"tiers": [{"joules": "0.02"}]}}})"))),
              IsOk());
  const auto opened = Call(*stub_, &Service::OpenSession, open);
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(opened->grant().terms().tariff_version(), 1);
  EXPECT_LE(ReadTimestamp(opened->grant().terms().expire_time())->time_since_epoch().count(),
            effective);
  SleepUntil(effective);
  v1::UpdateSessionRequest update;
  *update.mutable_grant() = opened->grant().signed_quote();
  update.set_used_units(10 << 20);
  update.set_wanted_units(10 << 20);
  const auto updated = Call(*stub_, &Service::UpdateSession, update);
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->settlement().terms().tariff_version(), 1);
  EXPECT_EQ(updated->settlement().terms().total_microjoules(),
            opened->grant().terms().total_microjoules());
  EXPECT_EQ(updated->grant().terms().tariff_version(), 2);
  EXPECT_EQ(updated->grant().terms().total_microjoules(), 200'000);  // 10 MB, nothing fixed again
}

TEST_F(TariffsTest, CongestionIsReportedInOrderAndReplayable) {
  // Periods of some seconds, so that some of them pass. Floor and step are the shipped ones.
  PutInEffect(ShippedDocument("constants", R"({"name": "busy", "congestion": {"period_s": 3}})"));
  StartService({"--refresh-max-age-ms", "1500", "--refresh-interval-ms", "50"});
  v1::ReportDemandRequest report;
  report.set_tariff_name("busy");
  report.set_class_name("searches");
  report.set_demand(20'000);
  report.set_period(NowUs() / 3'000'000 + 10);
  EXPECT_THAT(Call(*stub_, &Service::ReportDemand, report),
              StatusIs(absl::StatusCode::kFailedPrecondition, "PERIOD_NOT_DUE"));
  std::vector<int64_t> factors;
  for (int tries = 0; factors.size() < 3 && tries < 600; ++tries) {
    report.set_period(NowUs() / 3'000'000 - 1);
    const auto recorded = Call(*stub_, &Service::ReportDemand, report);
    if (!recorded.ok()) {
      EXPECT_THAT(recorded, StatusIs(absl::StatusCode::kFailedPrecondition, "PERIOD_NOT_DUE"));
    } else if (recorded->recorded_now()) {
      factors.push_back(recorded->recorded().next_factor_ppm());
    }
    ThreadSleeper().SleepFor(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(factors, (std::vector<int64_t>{1'125'000, 1'265'625, 1'423'828}));
  v1::ListCongestionRequest list;
  list.set_tariff_name("busy");
  list.set_class_name("searches");
  const auto listed = Call(*stub_, &Service::ListCongestion, list);
  ASSERT_THAT(listed, IsOk());
  ASSERT_EQ(listed->periods_size(), 3);
  EXPECT_EQ(listed->periods(2).next_factor_ppm(), 1'423'828);
  EXPECT_EQ(listed->periods(2).next_period(), listed->periods(2).period() + 2);

  report.set_period(listed->periods(2).period());
  report.set_demand(1);
  EXPECT_THAT(Call(*stub_, &Service::ReportDemand, report),
              StatusIs(absl::StatusCode::kAlreadyExists, "ID_EXISTS_WITH_DIFFERENT_CONTENT"));
  report.set_class_name("nothing");
  EXPECT_THAT(Call(*stub_, &Service::ReportDemand, report),
              StatusIs(absl::StatusCode::kNotFound, "CLASS_NOT_FOUND"));

  const int64_t in_effect = listed->periods(2).next_period() * 3'000'000;
  ASSERT_THAT(GrantTariff("busy"), IsOk());
  SleepUntil(in_effect);
  v1::QuoteItem item = SearchItem(10);
  item.set_tariff_name("busy");
  const auto quote = QuoteOf(item);
  ASSERT_THAT(quote, IsOk());
  EXPECT_EQ(quote->terms().congestion_ppm(), 1'423'828);
  item.mutable_usage()->mutable_time()->set_seconds(NowUs() / 1'000'000 + 7);  // two periods on
  const auto unknown = QuoteOf(item);
  EXPECT_THAT(unknown, StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
  EXPECT_EQ(GetErrorInfo(unknown.status())->metadata["rule"],
            "must be where congestion is known: this period or the next");
}

TEST_F(TariffsTest, AProofOfWorkIsAcceptedOnce) {
  StartService();
  v1::GetChallengeRequest get;
  get.set_member_id(MemberId(1));
  get.set_operation_type(type::v1::OPERATION_TYPE_BLOCK_STORE);
  get.set_reputation_ppm(1'000'000);
  const auto given = Call(*stub_, &Service::GetChallenge, get);
  ASSERT_THAT(given, IsOk());
  EXPECT_EQ(given->challenge().bits(), 8);
  EXPECT_EQ(given->window_ms(), 300'000);
  const Challenge challenge{*Uuid::Parse(MemberId(1)), given->challenge().operation_type(),
                            *ReadTimestamp(given->challenge().time()),
                            given->challenge().tariff_hash()};
  v1::VerifyProofRequest verify;
  *verify.mutable_challenge() = given->challenge();
  verify.set_reputation_ppm(1'000'000);
  verify.set_nonce(SolveChallenge(challenge, 8));
  const auto accepted = Call(*stub_, &Service::VerifyProof, verify);
  ASSERT_THAT(accepted, IsOk());
  EXPECT_GE(accepted->bits(), 8);
  EXPECT_THAT(Call(*stub_, &Service::VerifyProof, verify),
              StatusIs(absl::StatusCode::kAlreadyExists, "PROOF_REPLAYED"));
  auto other = StartReplica();
  ASSERT_THAT(other, IsOk());
  const auto other_stub = other->StubOf<v1::CostingService>({});
  EXPECT_THAT(Call(*other_stub, &Service::VerifyProof, verify),
              StatusIs(absl::StatusCode::kAlreadyExists, "PROOF_REPLAYED"));

  auto forged = verify;
  forged.mutable_challenge()->set_member_id(MemberId(2));
  forged.set_reputation_ppm(0);
  EXPECT_THAT(Call(*stub_, &Service::VerifyProof, forged),
              StatusIs(absl::StatusCode::kInvalidArgument, "PROOF_INVALID"));
  forged = verify;
  forged.mutable_challenge()->mutable_time()->set_seconds(given->challenge().time().seconds() -
                                                          301);
  EXPECT_THAT(Call(*stub_, &Service::VerifyProof, forged),
              StatusIs(absl::StatusCode::kFailedPrecondition, "PROOF_STALE"));
  forged = verify;
  forged.mutable_challenge()->set_tariff_hash(std::string(32, 'x'));
  EXPECT_THAT(Call(*stub_, &Service::VerifyProof, forged),
              StatusIs(absl::StatusCode::kFailedPrecondition, "PROOF_STALE"));
  get.set_operation_type(type::v1::OPERATION_TYPE_UNSPECIFIED);
  EXPECT_THAT(Call(*stub_, &Service::GetChallenge, get),
              StatusIs(absl::StatusCode::kNotFound, "OPERATION_NOT_PRICED"));
}

TEST_F(TariffsTest, EarningsArePendingUntilConfirmedAndPaidOnce) {
  StartService();
  v1::RecordEarningRequest record = EarningRequest();
  v1::Earning& earning = *record.mutable_earning();
  earning.set_second_factor_ppm(500'000);
  const auto recorded = Call(*stub_, &Service::RecordEarning, record);
  ASSERT_THAT(recorded, IsOk());
  EXPECT_TRUE(recorded->recorded_now());
  EXPECT_EQ(recorded->earning().amount_microjoules(), 1'000'000);
  EXPECT_EQ(recorded->earning().state(), v1::EARNING_STATE_PENDING);
  EXPECT_FALSE(Call(*stub_, &Service::RecordEarning, record)->recorded_now());
  earning.set_units(2);
  EXPECT_THAT(Call(*stub_, &Service::RecordEarning, record),
              StatusIs(absl::StatusCode::kAlreadyExists, "ID_EXISTS_WITH_DIFFERENT_CONTENT"));
  earning.set_earning_id(TestId(6, 2));
  earning.set_source(v1::EARNING_SOURCE_GEOGRAPHIC);
  earning.set_units(86'400);
  ASSERT_THAT(Call(*stub_, &Service::RecordEarning, record), IsOk());

  const auto set_state = [&](int number, v1::EarningState state) {
    v1::SetEarningStateRequest request;
    request.set_earning_id(TestId(6, number));
    request.set_state(state);
    return Call(*stub_, &Service::SetEarningState, request);
  };
  EXPECT_THAT(set_state(1, v1::EARNING_STATE_PAID),
              StatusIs(absl::StatusCode::kFailedPrecondition, "EARNING_STATE_WRONG"));
  EXPECT_THAT(set_state(1, v1::EARNING_STATE_CONFIRMED), IsOk());
  EXPECT_THAT(set_state(1, v1::EARNING_STATE_CONFIRMED), IsOk());
  EXPECT_EQ(set_state(1, v1::EARNING_STATE_PAID)->earning().state(), v1::EARNING_STATE_PAID);
  EXPECT_THAT(set_state(1, v1::EARNING_STATE_REJECTED),
              StatusIs(absl::StatusCode::kFailedPrecondition, "EARNING_STATE_WRONG"));
  EXPECT_THAT(set_state(7, v1::EARNING_STATE_PAID),
              StatusIs(absl::StatusCode::kNotFound, "EARNING_NOT_FOUND"));

  v1::ListEarningsRequest list;
  list.set_provider_member_id(MemberId(9));
  list.set_state(v1::EARNING_STATE_PENDING);
  EXPECT_EQ(Call(*stub_, &Service::ListEarnings, list)->earnings_size(), 1);
  list.clear_state();
  EXPECT_EQ(Call(*stub_, &Service::ListEarnings, list)->earnings_size(), 2);

  v1::GetProviderStatementRequest ask;
  ask.set_provider_member_id(MemberId(9));
  ask.mutable_start_time()->set_seconds(1'700'000'000);
  ask.mutable_end_time()->set_seconds(1'700'086'401);
  ask.set_revenue_microjoules(10);
  ask.set_operational_costs_microjoules(3);
  ask.mutable_quality()->set_uptime_ppm(999'000);
  const auto statement = Call(*stub_, &Service::GetProviderStatement, ask);
  ASSERT_THAT(statement, IsOk());
  EXPECT_EQ(statement->statement().network_microjoules(), 1'000'000);
  EXPECT_EQ(statement->statement().pending_microjoules(), 500'000);
  EXPECT_EQ(statement->statement().net_microjoules(), 1'000'007);
  EXPECT_EQ(statement->statement().quality().uptime_ppm(), 999'000);
  ask.mutable_end_time()->set_seconds(1'700'086'400);  // half open: the earnings end there
  EXPECT_EQ(Call(*stub_, &Service::GetProviderStatement, ask)->statement().net_microjoules(), 7);
}

TEST_F(TariffsTest, RevenueIsSplitToTheMicroJoule) {
  StartService();
  v1::SplitRevenueRequest split;
  split.set_amount_microjoules(101);
  split.add_storage_weights(1);
  split.add_storage_weights(2);
  const auto shares = Call(*stub_, &Service::SplitRevenue, split);
  ASSERT_THAT(shares, IsOk());
  EXPECT_EQ(shares->creator_microjoules() + shares->storage_microjoules(0) +
                shares->storage_microjoules(1) + shares->fund_microjoules(),
            101);
}

TEST_F(TariffsTest, UtilityIsTheSourcesScore) {
  StartService();
  v1::GetUtilityRequest request;
  request.set_accesses(1'000);
  request.set_unique_members(100);
  request.set_rating_milli(4'000);
  request.set_age_days(90);
  EXPECT_EQ(Call(*stub_, &Service::GetUtility, request)->utility_ppm(), 706'537);
  request.set_rating_milli(5'001);
  EXPECT_THAT(Call(*stub_, &Service::GetUtility, request),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
}

TEST_F(TariffsTest, RerateTotalsTwoTariffsSideBySide) {
  StartService();
  const auto rerate = [&](const std::vector<v1::RerateRequest>& requests) {
    grpc::ClientContext context;
    PrepareCall(context, std::chrono::seconds(20), "");
    v1::RerateResponse response;
    const auto writer = stub_->Rerate(&context, &response);
    for (const auto& request : requests) {
      if (!writer->Write(request)) break;
    }
    writer->WritesDone();
    const absl::Status status = FromGrpcStatus(writer->Finish());
    return status.ok() ? absl::StatusOr<v1::RerateResponse>(response)
                       : absl::StatusOr<v1::RerateResponse>(status);
  };
  v1::RerateRequest first;
  first.mutable_before()->set_version(1);
  first.mutable_after()->set_name("block_table");
  v1::RerateRequest events;
  for (const char* name : {"anna", "bo"}) events.add_new_members(name);
  for (int i = 0; i < 10; ++i) {
    v1::RerateEvent& event = *events.add_events();
    event.set_member(i % 2);
    *event.mutable_usage() = StoreItem().usage();
    event.mutable_usage()->mutable_time()->set_seconds(1'767'542'400);  // a quiet hour
  }
  const auto totals = rerate({first, events, events});
  ASSERT_THAT(totals, IsOk());
  ASSERT_EQ(totals->members_size(), 4);  // the same names, sent again
  EXPECT_EQ(totals->members(0).member(), "anna");
  EXPECT_EQ(totals->members(0).events(), 10);
  EXPECT_EQ(totals->members(0).before_microjoules(), 10 * 2'692'086);
  EXPECT_EQ(totals->members(1).after_microjoules(), 10 * 41'653'981);
  EXPECT_EQ(totals->all().events(), 20);

  // A tariff whose congestion never falls to 1 prices at its floor where nothing else held.
  const int64_t effective = NowUs() + 90'000'000'000;
  ASSERT_THAT(Publish(ShippedDocument(
                  "constants", absl::StrCat(R"({"name": "busy", "effective_us": )", effective,
                                            R"(, "congestion": {"floor_ppm": 2000000}})"))),
              IsOk());
  v1::RerateRequest to_busy = first;
  to_busy.mutable_after()->set_name("busy");
  to_busy.mutable_after()->set_version(1);
  const auto dearer = rerate({to_busy, events});
  ASSERT_THAT(dearer, IsOk());
  // All but the 1.6 J of proof of work is doubled.
  EXPECT_EQ(dearer->all().after_microjoules() - dearer->all().before_microjoules(),
            10 * (2'692'086 - 1'600'000));

  v1::RerateRequest long_name = events;
  long_name.set_new_members(0, std::string(129, 'a'));
  EXPECT_THAT(rerate({first, long_name}),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
  events.mutable_events(3)->clear_usage();
  EXPECT_EQ(GetErrorInfo(rerate({first, events}).status())->metadata["field"], "reputation_ppm");
  *events.mutable_events(3)->mutable_usage() = StoreItem().usage();
  events.mutable_events(3)->mutable_usage()->clear_utility_ppm();
  EXPECT_EQ(GetErrorInfo(rerate({first, events}).status())->metadata["field"], "utility_ppm");

  *events.mutable_events(3)->mutable_usage() = StoreItem().usage();
  events.mutable_events(3)->set_member(2);
  const auto wrong = rerate({first, events});
  EXPECT_THAT(wrong, StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
  EXPECT_EQ(GetErrorInfo(wrong.status())->metadata["event"], "3");
  EXPECT_THAT(rerate({}), StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
  first.mutable_after()->set_name("none");
  EXPECT_THAT(rerate({first}), StatusIs(absl::StatusCode::kNotFound, "TARIFF_NOT_FOUND"));
}

}  // namespace
}  // namespace joulebook::costing
