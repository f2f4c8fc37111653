// Quotes, settlements, authorizations and metered sessions through the real server.

#include <limits>

#include "common/rpc/signed_quote.h"
#include "common/rpc/timestamps.h"
#include "services/costing/domain/tariff_document.h"
#include "services/costing/rpc/convert_quote.h"
#include "tests/integration/costing_fixture.h"

namespace joulebook::costing {
namespace {

class QuotesTest : public CostingTest {
 protected:
  bool IsSigned(const type::v1::SignedQuote& quote) {
    const auto proof = ProofOf(quote);
    return proof.has_value() && verifier_.Verify(quote.terms(), *proof);
  }

  // That what is signed is what is shown, and its parts sum up.
  void ExpectSound(const v1::Quote& quote) {
    EXPECT_TRUE(IsSigned(quote.signed_quote()));
    type::v1::QuoteTerms terms;
    ASSERT_TRUE(terms.ParseFromString(quote.signed_quote().terms()));
    if (quote.has_terms()) {
      EXPECT_EQ(terms.SerializeAsString(), quote.terms().SerializeAsString());
    }
    EXPECT_EQ(terms.total_microjoules(),
              terms.computation_microjoules() + terms.storage_microjoules() +
                  terms.network_microjoules() + terms.proof_of_work_microjoules());
  }

  static v1::QuoteItem RetrieveItem(int member) {
    v1::QuoteItem item = StoreItem(member);
    item.mutable_usage()->set_operation_type(type::v1::OPERATION_TYPE_BLOCK_RETRIEVE);
    return item;
  }

  // A session of retrieved bytes; all members' sessions have one id.
  absl::StatusOr<v1::OpenSessionResponse> Open(int member) {
    v1::OpenSessionRequest open;
    open.set_session_id(TestId(5, 1));
    *open.mutable_item() = RetrieveItem(member);
    open.set_unit(type::v1::METERED_UNIT_BYTES);
    open.set_wanted_units(1'000'000);
    return Call(*stub_, &Service::OpenSession, open);
  }

  absl::StatusOr<v1::UpdateSessionResponse> UpdateSession(const v1::Quote& grant,
                                                          int64_t used_units) {
    v1::UpdateSessionRequest update;
    *update.mutable_grant() = grant.signed_quote();
    update.set_used_units(used_units);
    update.set_wanted_units(1'000'000);
    return Call(*stub_, &Service::UpdateSession, update);
  }

  BatchVerifier verifier_{kQuoteContext, {signer_.verifier()}};
};

TEST_F(QuotesTest, AQuoteIsSignedExactAndExplainsItself) {
  StartService();
  const auto quote = QuoteOf(StoreItem());
  ASSERT_THAT(quote, IsOk());
  ExpectSound(*quote);
  const type::v1::QuoteTerms& terms = quote->terms();
  EXPECT_EQ(terms.member_id(), MemberId(1));
  EXPECT_EQ(terms.tariff_name(), "constants");
  EXPECT_EQ(terms.tariff_version(), 1);
  EXPECT_EQ(terms.tariff_hash().size(), 32U);
  EXPECT_EQ(terms.proof_of_work_microjoules(), 1'600'000);
  EXPECT_EQ(terms.expire_time().seconds() - terms.issued_time().seconds(), 900);
  EXPECT_EQ(terms.usage().time().seconds(), terms.issued_time().seconds());
  ASSERT_GE(quote->bill().steps_size(), 4);
  EXPECT_EQ(quote->bill().steps(0).name(), "hash");
  EXPECT_EQ(quote->bill().steps(0).quantity(), "1024");
  EXPECT_EQ(quote->bill().residues_size(), 4);

  v1::QuoteItem short_item = StoreItem();
  short_item.set_without_bill(true);
  const auto without = QuoteOf(short_item);
  EXPECT_FALSE(without->has_bill());
  EXPECT_EQ(without->terms().total_microjoules(), terms.total_microjoules());

  ASSERT_THAT(GrantTariff("block_table"), IsOk());
  v1::QuoteItem block_table = StoreItem();
  block_table.set_tariff_name("block_table");
  EXPECT_GT(QuoteOf(block_table)->terms().storage_microjoules(),
            1'000 * terms.storage_microjoules());
}

TEST_F(QuotesTest, BatchesAndStreamsAnswerEachItem) {
  StartService();
  v1::BatchQuoteRequest batch;
  for (int i = 0; i < 1'000; ++i) *batch.add_items() = StoreItem(i + 1);
  batch.mutable_items(7)->mutable_usage()->set_operation_type(type::v1::OPERATION_TYPE_UNSPECIFIED);
  batch.mutable_items(8)->set_member_id("nobody");
  const auto response = Call(*stub_, &Service::BatchQuote, batch);
  ASSERT_THAT(response, IsOk());
  ASSERT_EQ(response->results_size(), 1'000);
  std::set<std::string> ids;
  for (int i = 0; i < 1'000; ++i) {
    const v1::QuoteResult& result = response->results(i);
    if (i == 7 || i == 8) {
      EXPECT_EQ(result.error().reason(),
                i == 7 ? v1::ERROR_REASON_OPERATION_NOT_PRICED : v1::ERROR_REASON_FIELD_INVALID);
      ASSERT_GT(result.error().metadata_size(), 0);
      EXPECT_EQ(result.error().metadata(0).key(), i == 7 ? "operation_type" : "field");
      EXPECT_EQ(result.error().metadata(0).value(), i == 7 ? "0" : "member_id");
      continue;
    }
    ExpectSound(result.quote());
    type::v1::QuoteTerms terms;
    ASSERT_TRUE(terms.ParseFromString(result.quote().signed_quote().terms()));
    EXPECT_EQ(terms.member_id(), MemberId(i + 1));
    EXPECT_LE(result.quote().signed_quote().path().size(), 11U * 32);
    ids.insert(terms.quote_id());
  }
  EXPECT_EQ(ids.size(), 998U);

  *batch.add_items() = StoreItem();
  EXPECT_THAT(Call(*stub_, &Service::BatchQuote, batch),
              StatusIs(absl::StatusCode::kInvalidArgument, "TOO_MANY_ITEMS"));
  EXPECT_THAT(Call(*stub_, &Service::BatchQuote, v1::BatchQuoteRequest()),
              StatusIs(absl::StatusCode::kInvalidArgument, "TOO_MANY_ITEMS"));

  grpc::ClientContext context;
  PrepareCall(context, std::chrono::seconds(20), "");
  const auto stream = stub_->StreamQuotes(&context);
  for (int i = 0; i < 5; ++i) {
    v1::StreamQuotesRequest request;
    for (int k = 0; k <= i; ++k) *request.add_items() = StoreItem(k + 1);
    ASSERT_TRUE(stream->Write(request));
  }
  stream->WritesDone();
  v1::StreamQuotesResponse answer;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(stream->Read(&answer));
    ASSERT_EQ(answer.results_size(), i + 1);
    ExpectSound(answer.results(i).quote());
  }
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_THAT(FromGrpcStatus(stream->Finish()), IsOk());
}

TEST_F(QuotesTest, BadInputNamesTheField) {
  StartService();
  const auto refused = [&](const std::function<void(v1::QuoteItem&)>& change) {
    v1::QuoteItem item = StoreItem();
    change(item);
    return QuoteOf(item);
  };
  const auto field = [&](const std::string& name,
                         const std::function<void(type::v1::Usage&)>& change) {
    const auto quote = refused([&](v1::QuoteItem& item) { change(*item.mutable_usage()); });
    EXPECT_THAT(quote, StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID")) << name;
    EXPECT_EQ(GetErrorInfo(quote.status())->metadata["field"], name);
  };
  field("data_size_bytes", [](auto& usage) { usage.set_data_size_bytes(-1); });
  field("duration_s", [](auto& usage) { usage.set_duration_s(-1); });
  field("redundancy", [](auto& usage) { usage.set_redundancy(17); });
  field("count", [](auto& usage) { usage.set_count(1'001); });
  field("nodes", [](auto& usage) { usage.set_nodes(1'001); });
  field("results", [](auto& usage) { usage.set_results(10'001); });
  field("timeout_ms", [](auto& usage) { usage.set_timeout_ms(60'001); });
  field("concurrent_searches", [](auto& usage) { usage.set_concurrent_searches(17); });
  field("reputation_ppm", [](auto& usage) { usage.set_reputation_ppm(1'000'001); });
  field("utility_ppm", [](auto& usage) { usage.set_utility_ppm(-1); });
  field("discounts[0]", [](auto& usage) { usage.add_discounts("nobody"); });
  field("priority", [](auto& usage) { usage.set_priority(static_cast<type::v1::Priority>(9)); });
  field("time", [](auto& usage) { usage.mutable_time()->set_seconds(-1); });
  field("usage.time", [](auto& usage) { usage.mutable_time()->set_seconds(1); });
  field("usage.time",
        [](auto& usage) { usage.mutable_time()->set_seconds(NowUs() / 1'000'000 + 100'000); });
  EXPECT_THAT(refused([](auto& item) { item.set_tariff_name("free_beer"); }),
              StatusIs(absl::StatusCode::kNotFound, "TARIFF_NOT_FOUND"));
  EXPECT_THAT(refused([](auto& item) {
                item.mutable_usage()->set_data_size_bytes(INT64_MAX);
                item.mutable_usage()->set_duration_s(INT64_MAX);
                item.mutable_usage()->set_count(1'000);
              }),
              StatusIs(absl::StatusCode::kOutOfRange, "PRICE_OUT_OF_RANGE"));
}

TEST_F(QuotesTest, ASearchIsSettledForWhatItFound) {
  StartService();
  const auto quote = QuoteOf(SearchItem(100));
  ASSERT_THAT(quote, IsOk());
  v1::SettleQuoteRequest settle;
  *settle.mutable_quote() = quote->signed_quote();
  settle.set_found_results(40);
  const auto settled = Call(*stub_, &Service::SettleQuote, settle);
  ASSERT_THAT(settled, IsOk());
  ExpectSound(settled->quote());
  EXPECT_TRUE(quote->terms().needs_settlement());
  EXPECT_FALSE(settled->quote().terms().needs_settlement());
  EXPECT_EQ(settled->quote().terms().settles_quote_id(), quote->terms().quote_id());
  EXPECT_EQ(settled->quote().terms().usage().results(), 40);
  EXPECT_LT(settled->quote().terms().total_microjoules(), quote->terms().total_microjoules());
  const auto again = Call(*stub_, &Service::SettleQuote, settle);
  EXPECT_EQ(again->quote().terms().quote_id(), settled->quote().terms().quote_id());
  EXPECT_EQ(again->quote().terms().total_microjoules(),
            settled->quote().terms().total_microjoules());

  // The expected number of results is a settlement as well.
  settle.set_found_results(100);
  const auto full = Call(*stub_, &Service::SettleQuote, settle);
  ASSERT_THAT(full, IsOk());
  EXPECT_EQ(full->quote().terms().settles_quote_id(), quote->terms().quote_id());
  EXPECT_EQ(full->quote().terms().total_microjoules(), quote->terms().total_microjoules());

  settle.set_found_results(101);
  EXPECT_THAT(Call(*stub_, &Service::SettleQuote, settle),
              StatusIs(absl::StatusCode::kFailedPrecondition, "EXCEEDS_QUOTE"));
  settle.set_found_results(-1);
  EXPECT_THAT(Call(*stub_, &Service::SettleQuote, settle),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
  settle.set_found_results(1);
  settle.mutable_quote()->mutable_terms()->back() ^= 1;
  EXPECT_THAT(Call(*stub_, &Service::SettleQuote, settle),
              StatusIs(absl::StatusCode::kInvalidArgument, "QUOTE_INVALID"));
  const auto store = QuoteOf(StoreItem());
  EXPECT_FALSE(store->terms().needs_settlement());
  for (const auto& other : {settled->quote(), *store}) {
    *settle.mutable_quote() = other.signed_quote();
    EXPECT_THAT(Call(*stub_, &Service::SettleQuote, settle),
                StatusIs(absl::StatusCode::kInvalidArgument, "QUOTE_INVALID"));
  }
}

// A batch is priced as one; uses each have the price of one, without the discount of a batch.
TEST_F(QuotesTest, ABatchIsOneUseAndUsesHaveNoDiscount) {
  StartService();
  v1::QuoteItem item = SearchItem(0);
  item.mutable_usage()->set_operation_type(type::v1::OPERATION_TYPE_RATE_MEMBER);
  const auto one = QuoteOf(item);
  ASSERT_THAT(one, IsOk());
  EXPECT_EQ(one->terms().uses(), 1);
  item.set_uses(1'000);
  const auto often = QuoteOf(item);
  ASSERT_THAT(often, IsOk());
  EXPECT_EQ(often->terms().uses(), 1'000);
  EXPECT_EQ(often->terms().total_microjoules(), one->terms().total_microjoules());
  item.clear_uses();
  item.mutable_usage()->set_count(2);
  const auto batch = QuoteOf(item);
  ASSERT_THAT(batch, IsOk());
  EXPECT_EQ(batch->terms().uses(), 1);
  EXPECT_LT(batch->terms().total_microjoules(), 2 * one->terms().total_microjoules());
  const auto refused = [&](int64_t uses) {
    item.set_uses(uses);
    const auto quote = QuoteOf(item);
    EXPECT_THAT(quote, StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
    EXPECT_EQ(GetErrorInfo(quote.status())->metadata["field"], "uses");
  };
  refused(-1);
  refused(1'001);

  v1::AuthorizeRequest authorize;
  *authorize.mutable_item() = StoreItem();
  authorize.mutable_item()->set_uses(2);
  EXPECT_THAT(Call(*stub_, &Service::Authorize, authorize),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
}

TEST_F(QuotesTest, AQuoteSaysWhoIsPaid) {
  StartService();
  EXPECT_EQ(QuoteOf(StoreItem())->terms().payee().role(), type::v1::PAYEE_ROLE_ESCROW);
  PutInEffect(ShippedDocument("constants",
                              R"({"version": 2, "effective_us": 1, )"
                              R"("payee": "0000000a-0000-7000-8000-000000000001", )"
                              R"("operations": {"BLOCK_STORE": {"payee": "provider"}}})"));
  StartService();
  EXPECT_EQ(QuoteOf(SearchItem(1))->terms().payee().account_id(),
            "0000000a-0000-7000-8000-000000000001");
  const auto refused = [&](const v1::QuoteItem& item, const std::string& rule) {
    const auto quote = QuoteOf(item);
    EXPECT_THAT(quote, StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
    EXPECT_EQ(GetErrorInfo(quote.status())->metadata["field"], "provider_member_id");
    EXPECT_EQ(GetErrorInfo(quote.status())->metadata["rule"], rule);
  };
  v1::QuoteItem item = StoreItem();
  refused(item, "must say who is paid");
  item.set_provider_member_id(item.member_id());
  refused(item, "must not be the payer");
  item.set_provider_member_id(MemberId(9));
  const auto quote = QuoteOf(item);
  ASSERT_THAT(quote, IsOk());
  EXPECT_EQ(quote->terms().payee().provider_member_id(), MemberId(9));
  v1::QuoteItem search = SearchItem(1);
  search.set_provider_member_id(MemberId(9));
  refused(search, "must be absent: the tariff says who is paid for this operation");

  // A what-if pays nobody.
  v1::CheckCostRequest check;
  *check.mutable_item() = StoreItem();
  check.set_available_microjoules(0);
  EXPECT_THAT(Call(*stub_, &Service::CheckCost, check), IsOk());
}

TEST_F(QuotesTest, AuthorizeSaysHowManyAndCheckCostWhy) {
  StartService();
  v1::AuthorizeRequest request;
  *request.mutable_item() = StoreItem();
  request.set_available_microjoules(100'000'000);
  const auto authorized = Call(*stub_, &Service::Authorize, request);
  ASSERT_THAT(authorized, IsOk());
  EXPECT_GT(authorized->units(), 30);
  ExpectSound(authorized->quote());
  EXPECT_EQ(authorized->quote().terms().usage().count(), authorized->units());
  EXPECT_LE(authorized->quote().terms().total_microjoules(), 100'000'000);
  EXPECT_GT(authorized->next_total_microjoules(), 100'000'000);
  request.set_available_microjoules(1);
  const auto none = Call(*stub_, &Service::Authorize, request);
  EXPECT_EQ(none->units(), 0);
  EXPECT_FALSE(none->has_quote());
  EXPECT_GT(none->next_total_microjoules(), 1);
  request.set_available_microjoules(-1);
  EXPECT_THAT(Call(*stub_, &Service::Authorize, request),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));

  v1::CheckCostRequest check;
  *check.mutable_item() = SearchItem(5);
  check.set_available_microjoules(10'000'000);
  const auto wrong = Call(*stub_, &Service::CheckCost, check);
  ASSERT_THAT(wrong, IsOk());
  EXPECT_EQ(wrong->verdict(), v1::COST_VERDICT_PRICE_WRONG);
  *check.mutable_cost() = wrong->expected();
  EXPECT_EQ(Call(*stub_, &Service::CheckCost, check)->verdict(), v1::COST_VERDICT_OK);
  check.set_available_microjoules(wrong->expected().total_microjoules() - 3);
  const auto poor = Call(*stub_, &Service::CheckCost, check);
  EXPECT_EQ(poor->verdict(), v1::COST_VERDICT_NOT_AFFORDABLE);
  EXPECT_EQ(poor->missing_microjoules(), 3);
  check.mutable_cost()->set_total_microjoules(0);
  EXPECT_EQ(Call(*stub_, &Service::CheckCost, check)->verdict(), v1::COST_VERDICT_SUM_WRONG);
  check.mutable_cost()->set_network_microjoules(-1);
  EXPECT_EQ(Call(*stub_, &Service::CheckCost, check)->verdict(), v1::COST_VERDICT_PART_NEGATIVE);
}

// The count may be any, also with a discount, which would otherwise make the count matter.
TEST_F(QuotesTest, AuthorizeDoesNotLookAtTheCount) {
  StartService();
  v1::Entitlement entitlement = MakeEntitlement(1, 1);
  entitlement.set_discount("provider");
  ASSERT_THAT(Grant(entitlement), IsOk());
  v1::AuthorizeRequest request;
  *request.mutable_item() = StoreItem();
  request.mutable_item()->mutable_usage()->add_discounts("provider");
  request.set_available_microjoules(10'000'000);
  const auto plain = Call(*stub_, &Service::Authorize, request);
  ASSERT_THAT(plain, IsOk());
  for (const int64_t count : {int64_t{-7}, int64_t{1'001}, std::numeric_limits<int64_t>::max()}) {
    request.mutable_item()->mutable_usage()->set_count(count);
    const auto answer = Call(*stub_, &Service::Authorize, request);
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->units(), plain->units());
  }
}

TEST_F(QuotesTest, SessionSlicesSumToTheWholePrice) {
  StartService();
  v1::OpenSessionRequest open;
  open.set_session_id(TestId(5, 1));
  *open.mutable_item() = RetrieveItem(1);
  open.set_unit(type::v1::METERED_UNIT_BYTES);
  open.set_wanted_units(1'000'000);
  const auto opened = Call(*stub_, &Service::OpenSession, open);
  ASSERT_THAT(opened, IsOk());
  ExpectSound(opened->grant());
  EXPECT_EQ(opened->grant().terms().session().request_number(), 1);

  v1::Quote grant = opened->grant();
  int64_t charged = 0;
  constexpr int64_t kUsed[] = {1'000'000, 1, 0, 777'777, 999'999};
  int64_t used = 0;
  for (const int64_t units : kUsed) {
    const auto updated = UpdateSession(grant, units);
    ASSERT_THAT(updated, IsOk());
    ExpectSound(updated->settlement());
    ExpectSound(updated->grant());
    EXPECT_EQ(updated->settlement().terms().settles_quote_id(), grant.terms().quote_id());
    EXPECT_FALSE(updated->settlement().terms().needs_settlement());
    EXPECT_TRUE(updated->grant().terms().needs_settlement());
    EXPECT_LE(updated->settlement().terms().total_microjoules(), grant.terms().total_microjoules());
    charged += updated->settlement().terms().total_microjoules();
    used += units;
    grant = updated->grant();
    EXPECT_EQ(grant.terms().session().used_units(), used);
  }
  v1::CloseSessionRequest close;
  *close.mutable_grant() = grant.signed_quote();
  close.set_used_units(123);
  const auto closed = Call(*stub_, &Service::CloseSession, close);
  ASSERT_THAT(closed, IsOk());
  charged += closed->settlement().terms().total_microjoules();
  used += 123;

  open.set_session_id(TestId(5, 2));
  open.set_wanted_units(used);
  const auto whole = Call(*stub_, &Service::OpenSession, open);
  ASSERT_THAT(whole, IsOk());
  EXPECT_EQ(charged, whole->grant().terms().total_microjoules());

  close.set_used_units(1'000'001);
  EXPECT_THAT(Call(*stub_, &Service::CloseSession, close),
              StatusIs(absl::StatusCode::kFailedPrecondition, "EXCEEDS_QUOTE"));
  *close.mutable_grant() = closed->settlement().signed_quote();
  close.set_used_units(1);
  EXPECT_THAT(Call(*stub_, &Service::CloseSession, close),
              StatusIs(absl::StatusCode::kInvalidArgument, "QUOTE_INVALID"));
  open.mutable_item()->mutable_usage()->set_count(2);
  EXPECT_THAT(Call(*stub_, &Service::OpenSession, open),
              StatusIs(absl::StatusCode::kFailedPrecondition, "NOT_METERABLE"));
  open.mutable_item()->mutable_usage()->set_count(1);
  open.set_unit(type::v1::METERED_UNIT_UNSPECIFIED);
  EXPECT_THAT(Call(*stub_, &Service::OpenSession, open),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
}

// Each chooses its sessions' ids: they never meet in an id of a quote.
TEST_F(QuotesTest, TwoMembersMayOpenSessionsWithOneId) {
  StartService();
  std::set<std::string> ids;
  for (const int member : {1, 2}) {
    const auto opened = Open(member);
    ASSERT_THAT(opened, IsOk());
    const auto updated = UpdateSession(opened->grant(), 1'000);
    ASSERT_THAT(updated, IsOk());
    ids.insert({opened->grant().terms().quote_id(), updated->settlement().terms().quote_id(),
                updated->grant().terms().quote_id()});
    EXPECT_EQ(Open(member)->grant().terms().quote_id(), opened->grant().terms().quote_id());
  }
  EXPECT_EQ(ids.size(), 6U);
}

// So whoever leaves out a slice, or goes on from another count than it paid for, has no next one.
TEST_F(QuotesTest, ASliceNamesTheSettlementBeforeItThatCostSomething) {
  StartService();
  const auto opened = Open(1);
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(opened->grant().terms().session().previous_settlement_id(), "");
  const auto first = UpdateSession(opened->grant(), 1'000);
  ASSERT_THAT(first, IsOk());
  const std::string paid = first->settlement().terms().quote_id();
  EXPECT_EQ(first->grant().terms().session().previous_settlement_id(), paid);
  const auto unused = UpdateSession(first->grant(), 0);
  ASSERT_THAT(unused, IsOk());
  EXPECT_EQ(unused->settlement().terms().total_microjoules(), 0);
  EXPECT_EQ(unused->settlement().terms().session().previous_settlement_id(), paid);
  EXPECT_EQ(unused->grant().terms().session().previous_settlement_id(), paid);

  const auto other = UpdateSession(opened->grant(), 1'000'000);
  ASSERT_THAT(other, IsOk());
  EXPECT_NE(other->grant().terms().session().previous_settlement_id(), paid);
  EXPECT_EQ(UpdateSession(opened->grant(), 1'000)->settlement().terms().quote_id(), paid);
}

// With a minimum charge above what is used, a session costs what the quote would.
TEST_F(QuotesTest, ASessionInsteadOfAQuotePaysTheMinimumCharge) {
  PutInEffect(ShippedDocument("constants",
                              R"({"version": 2, "effective_us": 1, )"
                              R"("operations": {"BLOCK_RETRIEVE": {"minimum_joules": "1"}}})"));
  StartService();
  const auto opened = Open(1);
  ASSERT_THAT(opened, IsOk());
  const auto updated = UpdateSession(opened->grant(), 5'120);
  ASSERT_THAT(updated, IsOk());
  v1::CloseSessionRequest close;
  *close.mutable_grant() = updated->grant().signed_quote();
  close.set_used_units(1'000);
  const auto closed = Call(*stub_, &Service::CloseSession, close);
  ASSERT_THAT(closed, IsOk());
  ExpectSound(closed->settlement());
  v1::QuoteItem item = RetrieveItem(1);
  item.mutable_usage()->set_data_size_bytes(6'120);
  const auto quote = QuoteOf(item);
  ASSERT_THAT(quote, IsOk());
  EXPECT_EQ(quote->terms().total_microjoules(), 2'600'000);
  EXPECT_EQ(updated->settlement().terms().total_microjoules() +
                closed->settlement().terms().total_microjoules(),
            quote->terms().total_microjoules());
}

// With the terms and the published document alone, without the server.
TEST_F(QuotesTest, AnybodyCanDoThePriceAgain) {
  StartService();
  for (const auto& item : {StoreItem(), SearchItem(7)}) {
    const auto quote = QuoteOf(item);
    ASSERT_THAT(quote, IsOk());
    v1::GetTariffRequest get;
    get.mutable_tariff()->set_hash(quote->terms().tariff_hash());
    const auto tariff = Call(*stub_, &Service::GetTariff, get);
    ASSERT_THAT(tariff, IsOk());
    EXPECT_EQ(std::string(AsBytes(Sha256(tariff->tariff().document()))),
              quote->terms().tariff_hash());
    const auto document = ParseTariff(tariff->tariff().document(), absl::LoadTimeZone);
    const auto terms = FromProto(quote->terms());
    ASSERT_THAT(terms, IsOk());
    EXPECT_EQ(PriceAgain(document->tariff, *terms).value(), terms->price);
  }
}

}  // namespace
}  // namespace joulebook::costing
