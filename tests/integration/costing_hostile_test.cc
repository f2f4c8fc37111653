// No input of any call ends in a bug of ours, and what is absent is not a zero.

#include "common/rpc/page_token.h"
#include "common/rpc/signed_quote.h"
#include "tests/integration/costing_fixture.h"
#include "tests/integration/hostile_fields.h"

namespace joulebook::costing {
namespace {

class CostingHostileTest : public CostingTest {
 protected:
  template <typename Request, typename Response>
  using Method = grpc::Status (Service::*)(grpc::ClientContext*, const Request&, Response*);

  // The base itself is answered; with any value at the edge in any field it is answered or refused.
  template <typename Request, typename Response>
  void ExpectNoBug(Method<Request, Response> method, Request request) {
    EXPECT_THAT(Call(*stub_, method, request), IsOk()) << request.ShortDebugString();
    int calls = 0;
    ForEachHostileValue(request, [&] {
      ++calls;
      const absl::Status status = Call(*stub_, method, request).status();
      EXPECT_TRUE(status.ok() || GetErrorInfo(status).has_value()) << status << "\n"
                                                                   << request.ShortDebugString();
      EXPECT_NE(status.code(), absl::StatusCode::kInternal) << request.ShortDebugString();
    });
    EXPECT_GT(calls, 0);
  }

  type::v1::SignedQuote Signed(const type::v1::QuoteTerms& terms) const {
    type::v1::SignedQuote quote;
    quote.set_terms(terms.SerializeAsString());
    const Sha256Digest leaf = BatchLeaf(kQuoteContext, quote.terms());
    SetProof(SignBatch(signer_, kQuoteContext, std::span(&leaf, 1)).front(), quote);
    return quote;
  }

  static v1::OpenSessionRequest OpenRequest(int number) {
    v1::OpenSessionRequest open;
    open.set_session_id(TestId(5, number));
    *open.mutable_item() = StoreItem();
    open.mutable_item()->mutable_usage()->set_operation_type(
        type::v1::OPERATION_TYPE_BLOCK_RETRIEVE);
    open.set_unit(type::v1::METERED_UNIT_BYTES);
    open.set_wanted_units(1'000);
    return open;
  }
};

TEST_F(CostingHostileTest, NoQuoteOrSettlementEndsInABug) {
  StartService();
  v1::QuoteRequest quote;
  *quote.mutable_item() = SearchItem(100);
  quote.mutable_item()->mutable_usage()->add_discounts("provider");
  v1::GrantEntitlementRequest grant;
  *grant.mutable_entitlement() = MakeEntitlement(1, 1);
  grant.mutable_entitlement()->set_discount("provider");
  ExpectNoBug(&Service::GrantEntitlement, grant);
  v1::RevokeEntitlementRequest revoke;
  revoke.set_entitlement_id(TestId(7, 1));
  ExpectNoBug(&Service::RevokeEntitlement, revoke);
  v1::ListEntitlementsRequest list;
  list.set_member_id(MemberId(1));
  ExpectNoBug(&Service::ListEntitlements, list);
  grant.mutable_entitlement()->set_entitlement_id(TestId(7, 2));
  ASSERT_THAT(Grant(grant.entitlement()), IsOk());
  ExpectNoBug(&Service::Quote, quote);
  v1::BatchQuoteRequest batch;
  *batch.add_items() = StoreItem();
  ForEachHostileValue(*batch.mutable_items(0), [&] {
    const auto answer = Call(*stub_, &Service::BatchQuote, batch);
    ASSERT_THAT(answer, IsOk());
    EXPECT_NE(answer->results(0).error().reason(), v1::ERROR_REASON_INTERNAL);
  });
  v1::AuthorizeRequest authorize;
  *authorize.mutable_item() = StoreItem();
  authorize.set_available_microjoules(10'000'000);
  ExpectNoBug(&Service::Authorize, authorize);
  v1::CheckCostRequest check;
  *check.mutable_item() = StoreItem();
  check.set_available_microjoules(10'000'000);
  check.mutable_cost();
  ExpectNoBug(&Service::CheckCost, check);
  v1::SettleQuoteRequest settle;
  *settle.mutable_quote() = QuoteOf(SearchItem(100))->signed_quote();
  settle.set_found_results(3);
  ExpectNoBug(&Service::SettleQuote, settle);
}

TEST_F(CostingHostileTest, NoSessionEndsInABug) {
  StartService();
  ExpectNoBug(&Service::OpenSession, OpenRequest(1));
  const auto opened = Call(*stub_, &Service::OpenSession, OpenRequest(1));
  ASSERT_THAT(opened, IsOk());
  v1::UpdateSessionRequest update;
  *update.mutable_grant() = opened->grant().signed_quote();
  update.set_used_units(10);
  update.set_wanted_units(1'000);
  ExpectNoBug(&Service::UpdateSession, update);
  v1::CloseSessionRequest close;
  *close.mutable_grant() = opened->grant().signed_quote();
  close.set_used_units(10);
  ExpectNoBug(&Service::CloseSession, close);
  // Terms that we would not write, under a signature that is ours.
  type::v1::QuoteTerms terms = opened->grant().terms();
  ForEachHostileValue(terms, [&] {
    *update.mutable_grant() = Signed(terms);
    const absl::Status status = Call(*stub_, &Service::UpdateSession, update).status();
    EXPECT_NE(status.code(), absl::StatusCode::kInternal) << terms.ShortDebugString();
    EXPECT_TRUE(status.ok() || GetErrorInfo(status).has_value()) << status;
  });
}

TEST_F(CostingHostileTest, ASessionAtTheEndOfItsNumbersIsAnswered) {
  StartService();
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  v1::OpenSessionRequest open = OpenRequest(1);
  open.set_wanted_units(kMost);
  const auto opened = Call(*stub_, &Service::OpenSession, open);
  ASSERT_THAT(opened, IsOk());
  v1::UpdateSessionRequest update;
  *update.mutable_grant() = opened->grant().signed_quote();
  update.set_used_units(kMost);
  update.set_wanted_units(1);
  const auto refused = Call(*stub_, &Service::UpdateSession, update);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
  EXPECT_EQ(GetErrorInfo(refused.status())->metadata["field"], "wanted_units");
  v1::CloseSessionRequest close;
  *close.mutable_grant() = update.grant();
  close.set_used_units(kMost);
  EXPECT_THAT(Call(*stub_, &Service::CloseSession, close), IsOk());
}

TEST_F(CostingHostileTest, NothingBesideQuotesEndsInABug) {
  StartService();
  v1::GetChallengeRequest get;
  get.set_member_id(MemberId(1));
  get.set_operation_type(type::v1::OPERATION_TYPE_BLOCK_STORE);
  get.set_reputation_ppm(1'000'000);
  ExpectNoBug(&Service::GetChallenge, get);
  v1::VerifyProofRequest verify;
  *verify.mutable_challenge() = Call(*stub_, &Service::GetChallenge, get)->challenge();
  // Asks for no proof of work, so any nonce will do.
  verify.mutable_challenge()->set_operation_type(type::v1::OPERATION_TYPE_ENERGY_GRANT);
  verify.set_reputation_ppm(1'000'000);
  verify.set_nonce(1);
  ExpectNoBug(&Service::VerifyProof, verify);
  v1::SplitRevenueRequest split;
  split.set_amount_microjoules(101);
  split.add_storage_weights(1);
  split.mutable_tariff()->set_version(1);
  ExpectNoBug(&Service::SplitRevenue, split);
  v1::GetUtilityRequest utility;
  utility.set_age_days(1);
  ExpectNoBug(&Service::GetUtility, utility);
  ExpectNoBug(&Service::RecordEarning, EarningRequest());
  v1::SetEarningStateRequest state;
  state.set_earning_id(TestId(6, 1));
  state.set_state(v1::EARNING_STATE_CONFIRMED);
  ExpectNoBug(&Service::SetEarningState, state);
  v1::GetProviderStatementRequest statement;
  statement.set_provider_member_id(MemberId(9));
  statement.mutable_start_time()->set_seconds(1'700'000'000);
  statement.mutable_end_time()->set_seconds(1'700'086'401);
  statement.set_revenue_microjoules(1);
  statement.set_operational_costs_microjoules(1);
  statement.mutable_quality()->set_uptime_ppm(1);
  ExpectNoBug(&Service::GetProviderStatement, statement);
}

TEST_F(CostingHostileTest, NoListOrTariffEndsInABug) {
  StartService();
  ExpectNoBug(&Service::ListTariffs, v1::ListTariffsRequest());
  ExpectNoBug(&Service::ListEarnings, v1::ListEarningsRequest());
  v1::ListCongestionRequest congestion;
  congestion.set_class_name("searches");
  ExpectNoBug(&Service::ListCongestion, congestion);
  v1::GetTariffRequest get;
  get.mutable_tariff()->mutable_time()->set_seconds(1'700'000'000);
  ExpectNoBug(&Service::GetTariff, get);
  v1::DiffTariffsRequest diff;
  diff.mutable_before()->set_version(1);
  diff.mutable_after()->set_name("block_table");
  ExpectNoBug(&Service::DiffTariffs, diff);
  v1::ReportDemandRequest report;
  report.set_class_name("searches");
  report.set_period(DueHour());
  report.set_demand(1);
  ExpectNoBug(&Service::ReportDemand, report);
  v1::PublishTariffRequest publish;
  publish.set_document(ShippedDocument(
      "constants",
      absl::StrCat(R"({"version": 2, "effective_us": )", NowUs() + 90'000'000'000, "}")));
  ExpectNoBug(&Service::PublishTariff, publish);
  publish.set_document(R"({")" + std::string(200'000, 'k') + R"(": 1})");
  EXPECT_THAT(Call(*stub_, &Service::PublishTariff, publish),
              StatusIs(absl::StatusCode::kInvalidArgument, "TARIFF_INVALID"));
}

TEST_F(CostingHostileTest, APageTokenOfSomebodysMakingIsRefused) {
  StartService();
  v1::ListTariffsRequest list;
  list.set_page_token(MakePageToken("not a number", v1::ListTariffsRequest()));
  EXPECT_THAT(Call(*stub_, &Service::ListTariffs, list),
              StatusIs(absl::StatusCode::kInvalidArgument, "PAGE_TOKEN_INVALID"));
}

// A request without a field is refused wherever a zero would be somebody's advantage.
TEST_F(CostingHostileTest, WhatIsAbsentIsNotZero) {
  StartService();
  const auto expect_refused = [](const auto& answer, const std::string& field) {
    EXPECT_THAT(answer, StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID")) << field;
    EXPECT_EQ(GetErrorInfo(answer.status())->metadata["field"], field);
  };
  v1::QuoteItem item = StoreItem();
  item.mutable_usage()->clear_reputation_ppm();
  expect_refused(QuoteOf(item), "reputation_ppm");
  item.mutable_usage()->set_reputation_ppm(0);
  EXPECT_THAT(QuoteOf(item), IsOk());
  v1::GetChallengeRequest get;
  get.set_member_id(MemberId(1));
  get.set_operation_type(type::v1::OPERATION_TYPE_BLOCK_STORE);
  expect_refused(Call(*stub_, &Service::GetChallenge, get), "reputation_ppm");
  get.set_reputation_ppm(0);
  v1::VerifyProofRequest verify;
  *verify.mutable_challenge() = Call(*stub_, &Service::GetChallenge, get)->challenge();
  expect_refused(Call(*stub_, &Service::VerifyProof, verify), "reputation_ppm");
  v1::AuthorizeRequest authorize;
  *authorize.mutable_item() = StoreItem();
  expect_refused(Call(*stub_, &Service::Authorize, authorize), "available_microjoules");
  v1::CheckCostRequest check;
  *check.mutable_item() = StoreItem();
  expect_refused(Call(*stub_, &Service::CheckCost, check), "available_microjoules");
  v1::SettleQuoteRequest settle;
  *settle.mutable_quote() = QuoteOf(SearchItem(10))->signed_quote();
  expect_refused(Call(*stub_, &Service::SettleQuote, settle), "found_results");
  v1::UpdateSessionRequest update;
  *update.mutable_grant() =
      Call(*stub_, &Service::OpenSession, OpenRequest(1))->grant().signed_quote();
  update.set_wanted_units(1);
  expect_refused(Call(*stub_, &Service::UpdateSession, update), "used_units");
  v1::CloseSessionRequest close;
  *close.mutable_grant() = update.grant();
  expect_refused(Call(*stub_, &Service::CloseSession, close), "used_units");
  expect_refused(Call(*stub_, &Service::GetUtility, v1::GetUtilityRequest()), "age_days");
  expect_refused(Call(*stub_, &Service::ReportDemand, v1::ReportDemandRequest()), "demand");
  expect_refused(Call(*stub_, &Service::SplitRevenue, v1::SplitRevenueRequest()),
                 "amount_microjoules");
  v1::RecordEarningRequest record = EarningRequest();
  record.mutable_earning()->clear_second_factor_ppm();
  expect_refused(Call(*stub_, &Service::RecordEarning, record), "second_factor_ppm");
  record.mutable_earning()->clear_first_factor_ppm();
  expect_refused(Call(*stub_, &Service::RecordEarning, record), "first_factor_ppm");
  record.mutable_earning()->clear_units();
  expect_refused(Call(*stub_, &Service::RecordEarning, record), "units");
  v1::GetProviderStatementRequest statement;
  statement.set_provider_member_id(MemberId(9));
  statement.mutable_start_time()->set_seconds(1);
  statement.mutable_end_time()->set_seconds(2);
  expect_refused(Call(*stub_, &Service::GetProviderStatement, statement), "revenue_microjoules");
  statement.set_revenue_microjoules(0);
  expect_refused(Call(*stub_, &Service::GetProviderStatement, statement),
                 "operational_costs_microjoules");
  statement.set_operational_costs_microjoules(-1);
  expect_refused(Call(*stub_, &Service::GetProviderStatement, statement),
                 "operational_costs_microjoules");
  statement.set_revenue_microjoules(-1);
  expect_refused(Call(*stub_, &Service::GetProviderStatement, statement), "revenue_microjoules");
}

// Content of no use costs twice as much to store: leaving out of what use it is was half the price.
TEST_F(CostingHostileTest, UtilityThatThePriceDependsOnIsGiven) {
  StartService();
  const auto expect_refused = [](const auto& answer) {
    EXPECT_THAT(answer, StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
    EXPECT_EQ(GetErrorInfo(answer.status())->metadata["field"], "utility_ppm");
  };
  v1::QuoteItem item = StoreItem();
  item.mutable_usage()->clear_utility_ppm();
  expect_refused(QuoteOf(item));
  v1::AuthorizeRequest authorize;
  *authorize.mutable_item() = item;
  authorize.set_available_microjoules(10'000'000);
  expect_refused(Call(*stub_, &Service::Authorize, authorize));
  v1::CheckCostRequest check;
  *check.mutable_item() = item;
  check.set_available_microjoules(10'000'000);
  expect_refused(Call(*stub_, &Service::CheckCost, check));
  v1::OpenSessionRequest open = OpenRequest(1);
  *open.mutable_item() = item;
  open.set_unit(type::v1::METERED_UNIT_SECONDS);
  expect_refused(Call(*stub_, &Service::OpenSession, open));
  item.mutable_usage()->set_utility_ppm(0);
  EXPECT_EQ(QuoteOf(item)->terms().storage_microjoules(), 2 * 38'086);
  // An operation that stores nothing does not ask for it.
  item.mutable_usage()->clear_utility_ppm();
  item.mutable_usage()->set_operation_type(type::v1::OPERATION_TYPE_BLOCK_RETRIEVE);
  EXPECT_THAT(QuoteOf(item), IsOk());
}

TEST_F(CostingHostileTest, AProofForNoPricedOperationIsRefused) {
  StartService();
  v1::GetChallengeRequest get;
  get.set_member_id(MemberId(1));
  get.set_operation_type(type::v1::OPERATION_TYPE_BLOCK_STORE);
  get.set_reputation_ppm(1'000'000);
  v1::VerifyProofRequest verify;
  *verify.mutable_challenge() = Call(*stub_, &Service::GetChallenge, get)->challenge();
  verify.set_reputation_ppm(1'000'000);
  for (const int operation : {0, 42, 999, -1}) {
    get.set_operation_type(static_cast<type::v1::OperationType>(operation));
    EXPECT_THAT(Call(*stub_, &Service::GetChallenge, get),
                StatusIs(absl::StatusCode::kNotFound, "OPERATION_NOT_PRICED"));
    verify.mutable_challenge()->set_operation_type(get.operation_type());
    EXPECT_THAT(Call(*stub_, &Service::VerifyProof, verify),
                StatusIs(absl::StatusCode::kNotFound, "OPERATION_NOT_PRICED"));
  }
}

}  // namespace
}  // namespace joulebook::costing
