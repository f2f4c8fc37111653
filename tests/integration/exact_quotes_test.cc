// A quote is the price, not a cap: what hostile callers did with quotes once, refused by name.

#include "tests/integration/quoted_transfers.h"

namespace joulebook::ledger {
namespace {

class ExactQuotesTest : public QuotedTransfersTest {
 protected:
  // Nothing moved, and nothing is held.
  void ExpectUntouched(int member = 1) {
    EXPECT_EQ(BalancesOf(MemberId(member)).spent_minor(), 0);
    EXPECT_EQ(BalancesOf(MemberId(member)).reserved_minor(), 0);
  }
  static v1::TransferRequest Release(int number, int hold) {
    v1::TransferRequest request;
    request.set_id(TransferId(number));
    request.set_kind(v1::TRANSFER_KIND_RELEASE);
    request.set_target_id(TransferId(hold));
    return request;
  }
  static v1::TransferRequest AsPost(v1::TransferRequest request) {
    request.set_kind(v1::TRANSFER_KIND_POST);
    return request;
  }
  // 100 results expected.
  costing::v1::Quote SearchQuote() {
    auto item = SearchItem(100);
    item.mutable_usage()->set_reputation_ppm(500'000);
    return *QuoteOf(item);
  }
};

TEST_F(ExactQuotesTest, QuotedOneByteAndReservedAGibibyte) {
  auto item = StoreItem();
  item.mutable_usage()->set_data_size_bytes(1);
  item.mutable_usage()->set_duration_s(1);
  item.mutable_usage()->set_redundancy(1);
  const auto quote = *QuoteOf(item);
  auto reserve = Reserve(1, quote);
  reserve.set_data_size_bytes(int64_t{1} << 30);
  reserve.set_duration_s(365 * 86'400);
  reserve.set_redundancy(16);
  EXPECT_EQ(Post(reserve), "QUOTE_HAS_DIFFERENT_DATA_SIZE");
  reserve.set_id(TransferId(2));
  reserve.set_data_size_bytes(1);
  EXPECT_EQ(Post(reserve), "QUOTE_HAS_DIFFERENT_DURATION");
  reserve.set_id(TransferId(3));
  reserve.set_duration_s(1);
  EXPECT_EQ(Post(reserve), "QUOTE_HAS_DIFFERENT_REDUNDANCY");
  ExpectUntouched();
  reserve.set_id(TransferId(4));
  reserve.set_redundancy(1);
  EXPECT_EQ(Post(reserve), "OK");
  auto charge = Charge(5, 4, quote.terms().total_microjoules());
  charge.set_data_size_bytes(2);
  EXPECT_EQ(Post(charge), "QUOTE_HAS_DIFFERENT_DATA_SIZE");
  charge.set_id(TransferId(6));
  charge.set_data_size_bytes(1);
  EXPECT_EQ(Post(charge), "OK");
}

TEST_F(ExactQuotesTest, ReservedOneMicrojouleOfAQuote) {
  const auto quote = *QuoteOf(StoreItem());
  auto little = Reserve(1, quote);
  little.set_amount_minor(1);
  EXPECT_EQ(Post(little), "BELOW_QUOTE");
  little.set_id(TransferId(2));
  EXPECT_EQ(Post(AsPost(little)), "BELOW_QUOTE");
  little.set_id(TransferId(3));
  little.set_amount_minor(quote.terms().total_microjoules());
  little.set_up_to(true);
  EXPECT_EQ(Post(little), "UP_TO_NOT_ALLOWED");
  ExpectUntouched();
  EXPECT_EQ(Post(Reserve(4, quote)), "OK");
  EXPECT_EQ(Post(Charge(5, 4, 1)), "BELOW_QUOTE");
  auto rest = Charge(6, 4, quote.terms().total_microjoules());
  rest.set_keep_rest(true);
  EXPECT_EQ(Post(rest), "QUOTE_KEEPS_NO_REST");
  EXPECT_EQ(Post(Charge(7, 4, quote.terms().total_microjoules() + 1)), "EXCEEDS_HOLD");
  EXPECT_EQ(Post(Charge(8, 4, quote.terms().total_microjoules())), "OK");
  EXPECT_EQ(BalancesOf(MemberId(1)).spent_minor(), quote.terms().total_microjoules());
}

TEST_F(ExactQuotesTest, HalfOfABatchForHalfOfItsPrice) {
  auto item = StoreItem();
  item.mutable_usage()->set_count(2);
  const auto batch = *QuoteOf(item);
  auto half = Reserve(1, batch);
  half.set_amount_minor(batch.terms().total_microjoules() / 2);
  EXPECT_EQ(Post(half), "BELOW_QUOTE");
  ExpectUntouched();
  // The batch is one use, at once, for the whole.
  EXPECT_EQ(Post(Reserve(2, batch)), "OK");
  EXPECT_EQ(Post(Reserve(3, batch)), "QUOTE_USED_UP");
}

TEST_F(ExactQuotesTest, EachOfSeveralUsesMovesTheWholePrice) {
  auto item = StoreItem();
  item.set_uses(2);
  const auto quote = *QuoteOf(item);
  const int64_t price = quote.terms().total_microjoules();
  auto both = Reserve(1, quote);
  both.set_amount_minor(2 * price);
  EXPECT_EQ(Post(both), "EXCEEDS_QUOTE");
  EXPECT_EQ(Post(Reserve(2, quote)), "OK");
  EXPECT_EQ(Post(Release(3, 2)), "OK");
  EXPECT_EQ(Post(AsPost(Reserve(4, quote))), "OK");
  EXPECT_EQ(Post(Reserve(5, quote)), "QUOTE_USED_UP");
  EXPECT_EQ(BalancesOf(escrow_).earned_minor(), price);
}

TEST_F(ExactQuotesTest, TheSecondSliceOfASessionWithoutTheFirst) {
  const auto first = OpenSession(1, 5'000'000);
  const auto updated = Update(first, 3'000'000, 5'000'000);
  EXPECT_EQ(Post(Reserve(1, updated.grant())), "QUOTE_OUT_OF_ORDER");
  EXPECT_EQ(Post(Reserve(2, first)), "OK");
  EXPECT_EQ(Post(Reserve(3, updated.grant())), "QUOTE_OUT_OF_ORDER");
  // Nor is it enough to have charged less than what the second slice begins after.
  EXPECT_EQ(Post(Charge(4, 2, Update(first, 1, 5'000'000).settlement())), "OK");
  EXPECT_EQ(Post(Reserve(5, updated.grant())), "QUOTE_OUT_OF_ORDER");
  const auto again = OpenSession(2, 5'000'000);
  EXPECT_EQ(Post(Reserve(6, again)), "OK");
  const auto next = Update(again, 3'000'000, 5'000'000);
  EXPECT_EQ(Post(Charge(7, 6, next.settlement())), "OK");
  EXPECT_EQ(Post(Reserve(8, next.grant())), "OK");
}

// The first slice of a cheap operation is charged; the next one is of a dear operation, whose proof
// of work and fixed parts nobody paid.
TEST_F(ExactQuotesTest, ASessionThatOpensCheaplyAndGoesOnDearly) {
  auto cheap = StoreItem();
  cheap.mutable_usage()->set_operation_type(type::v1::OPERATION_TYPE_BLOCK_TEMPERATURE_UPDATE);
  const auto opened = OpenSession(1, 1, cheap);
  EXPECT_EQ(Post(Reserve(1, opened)), "OK");
  EXPECT_EQ(Post(Charge(2, 1, Update(opened, 1, 1).settlement())), "OK");
  const auto dear = OpenSession(1, 1);
  EXPECT_EQ(Post(Reserve(3, Update(dear, 1, 1'000'000).grant())), "QUOTE_OUT_OF_ORDER");
  // As a session of its own it pays all of its first slice.
  EXPECT_EQ(Post(Reserve(4, dear)), "OK");
  EXPECT_EQ(Post(Charge(5, 4, Update(dear, 1, 1).settlement())), "OK");
  EXPECT_EQ(Post(Reserve(6, Update(dear, 1, 1'000'000).grant())), "OK");
}

// A second opening with more units, and a use of it that is never charged, would carry the session
// far ahead.
TEST_F(ExactQuotesTest, ASessionThatJumpsOverUnits) {
  constexpr int64_t kFew = 1'000'000;
  constexpr int64_t kMany = 1'000'000'000;
  const auto opened = OpenSession(1, kFew);
  EXPECT_EQ(Post(Reserve(1, opened)), "OK");
  const auto next = Update(opened, kFew, kFew);
  EXPECT_EQ(Post(Charge(2, 1, next.settlement())), "OK");
  const auto ahead = Update(OpenSession(1, kMany), kMany, kMany);
  EXPECT_EQ(Post(Reserve(3, ahead.grant())), "QUOTE_OUT_OF_ORDER");
  EXPECT_EQ(Post(Reserve(4, next.grant())), "OK");
  EXPECT_EQ(Post(Charge(5, 4, Update(ahead.grant(), kFew, kFew).settlement())),
            "QUOTE_NOT_OF_THIS_HOLD");
  EXPECT_EQ(Post(Charge(6, 4, Update(next.grant(), kFew, kFew).settlement())), "OK");
  EXPECT_EQ(Post(Reserve(7, Update(ahead.grant(), kFew, kFew).grant())), "QUOTE_OUT_OF_ORDER");
  EXPECT_EQ(Post(Reserve(8, Update(next.grant(), kFew, kFew).grant())), "OK");
}

TEST_F(ExactQuotesTest, AHoldChargedWithTheSettlementOfACheaperOpening) {
  auto item = StoreItem();
  item.mutable_usage()->set_operation_type(type::v1::OPERATION_TYPE_BLOCK_RETRIEVE);
  item.mutable_usage()->set_priority(type::v1::PRIORITY_LOW);
  const auto cheap = OpenSession(1, 1'000'000, item);
  item.mutable_usage()->set_priority(type::v1::PRIORITY_URGENT);
  const auto dear = OpenSession(1, 1'000'000, item);
  EXPECT_EQ(Post(Reserve(1, dear)), "OK");
  EXPECT_EQ(Post(Charge(2, 1, Update(cheap, 1'000'000, 1).settlement())), "QUOTE_NOT_OF_THIS_HOLD");
  EXPECT_EQ(Post(Charge(3, 1, Update(dear, 1'000'000, 1).settlement())), "OK");
}

// A change of the price within a session: here a discount that is revoked.
TEST_F(ExactQuotesTest, AHoldChargedWithTheSettlementOfAGrantFromCheaperTimes) {
  const auto opened = OpenSession(1, 1'000'000);
  EXPECT_EQ(Post(Reserve(1, opened)), "OK");
  EXPECT_EQ(Post(Charge(2, 1, Update(opened, 1'000'000, 1).settlement())), "OK");
  auto discount = costing::MakeEntitlement(1, 1);
  discount.set_discount("provider");
  ASSERT_THAT(Grant(discount), IsOk());
  const auto cheap = Update(opened, 1'000'000, 1'000'000).grant();
  costing::v1::RevokeEntitlementRequest revoke;
  revoke.set_entitlement_id(discount.entitlement_id());
  ASSERT_THAT(Call(*stub_, &costing::Service::RevokeEntitlement, revoke), IsOk());
  const auto dear = Update(opened, 1'000'000, 1'000'000).grant();
  ASSERT_LT(cheap.terms().total_microjoules(), dear.terms().total_microjoules());
  EXPECT_EQ(Post(Reserve(3, dear)), "OK");
  EXPECT_EQ(Post(Charge(4, 3, Update(cheap, 1'000'000, 1).settlement())), "QUOTE_NOT_OF_THIS_HOLD");
  EXPECT_EQ(Post(Charge(5, 3, Update(dear, 1'000'000, 1).settlement())), "OK");
}

TEST_F(ExactQuotesTest, ASliceAskedForTwiceIsReservedOnce) {
  EXPECT_EQ(Post(Reserve(1, OpenSession(1, 1'000'000))), "OK");
  const auto opened = OpenSession(1, 1'000'000);
  EXPECT_EQ(Post(Reserve(2, opened)), "QUOTE_USED_UP");
  const auto first = OpenSession(2, 1'000'000);
  EXPECT_EQ(Post(Reserve(3, first)), "OK");
  EXPECT_EQ(Post(Charge(4, 3, Update(first, 1'000'000, 1'000'000).settlement())), "OK");
  EXPECT_EQ(Post(Reserve(5, Update(first, 1'000'000, 1'000'000).grant())), "OK");
  EXPECT_EQ(Post(Reserve(6, Update(first, 1'000'000, 2'000'000).grant())), "QUOTE_USED_UP");
}

TEST_F(ExactQuotesTest, ASliceRecordsTheUnitsThatItPrices) {
  const auto grant = OpenSession(1, 5'000'000);
  auto reserve = Reserve(1, grant);
  reserve.set_data_size_bytes(5'000'001);
  EXPECT_EQ(Post(reserve), "QUOTE_HAS_DIFFERENT_DATA_SIZE");
  reserve.set_id(TransferId(2));
  reserve.set_data_size_bytes(5'000'000);
  EXPECT_EQ(Post(reserve), "OK");
  auto charge = Charge(3, 2, Update(grant, 3'000'000, 1).settlement());
  charge.set_data_size_bytes(5'000'000);
  EXPECT_EQ(Post(charge), "QUOTE_HAS_DIFFERENT_DATA_SIZE");
  charge.set_id(TransferId(4));
  charge.set_data_size_bytes(3'000'000);
  EXPECT_EQ(Post(charge), "OK");
}

TEST_F(ExactQuotesTest, ASearchChargedWithoutItsSettlement) {
  const auto quote = SearchQuote();
  const int64_t expected = quote.terms().total_microjoules();
  EXPECT_EQ(Post(AsPost(Reserve(1, quote))), "QUOTE_NEEDS_SETTLEMENT");
  ExpectUntouched();
  EXPECT_EQ(Post(Reserve(2, quote)), "OK");
  EXPECT_EQ(Post(Charge(3, 2, expected)), "QUOTE_NEEDS_SETTLEMENT");
  const auto settlement = Settled(quote, 3);
  const int64_t actual = settlement.terms().total_microjoules();
  ASSERT_LT(actual, expected);
  auto charge = Charge(4, 2, settlement);
  charge.set_amount_minor(expected);
  EXPECT_EQ(Post(charge), "EXCEEDS_QUOTE");
  charge.set_id(TransferId(5));
  charge.set_amount_minor(actual - 1);
  EXPECT_EQ(Post(charge), "BELOW_QUOTE");
  EXPECT_EQ(Post(Charge(6, 2, Settled(SearchQuote(), 3))), "QUOTE_NOT_OF_THIS_HOLD");
  EXPECT_EQ(Post(Charge(7, 2, settlement)), "OK");
  EXPECT_EQ(BalancesOf(MemberId(1)).spent_minor(), actual);
  EXPECT_EQ(BalancesOf(MemberId(1)).reserved_minor(), 0);
}

TEST_F(ExactQuotesTest, AHoldThatNeedsASettlementIsReleasedAllTheSame) {
  EXPECT_EQ(Post(Reserve(1, SearchQuote())), "OK");
  EXPECT_EQ(Post(Release(2, 1)), "OK");
  ExpectUntouched();
}

TEST_F(ExactQuotesTest, APayerWhoPaysAnAccountOfHisOwn) {
  OpenAccount(AccountId(1), MemberId(1), v1::ACCOUNT_ROLE_MEMBER);
  OpenAccount(AccountId(2), MemberId(1), v1::ACCOUNT_ROLE_PROVIDER);
  OpenAccount(AccountId(3), MemberId(2), v1::ACCOUNT_ROLE_PROVIDER);
  OpenAccount(AccountId(4), "", v1::ACCOUNT_ROLE_FEES);
  const auto quote = *QuoteOf(StoreItem());
  int number = 0;
  for (const std::string& payee :
       {AccountId(1), AccountId(2), AccountId(3), AccountId(4), MemberId(2)}) {
    auto reserve = Reserve(++number, quote);
    reserve.set_credit_account_id(payee);
    EXPECT_EQ(Post(reserve), "QUOTE_HAS_DIFFERENT_PAYEE") << payee;
  }
  ExpectUntouched();
  EXPECT_EQ(Post(Reserve(++number, quote)), "OK");
}

class DirectPaymentTest : public ExactQuotesTest {
 protected:
  void SetUp() override {
    PutInEffect(costing::CostingTest::ShippedDocument(
        "constants", R"({"version": 2, "effective_us": 1, "payee": "provider"})"));
    ExactQuotesTest::SetUp();
  }
};

TEST_F(DirectPaymentTest, ATariffThatPaysProvidersPaysTheOneThatWasNamed) {
  OpenAccount(AccountId(1), MemberId(1), v1::ACCOUNT_ROLE_PROVIDER);
  OpenAccount(AccountId(2), MemberId(2), v1::ACCOUNT_ROLE_PROVIDER);
  auto item = StoreItem();
  item.set_provider_member_id(MemberId(2));
  const auto quote = *QuoteOf(item);
  auto reserve = Reserve(1, quote);
  EXPECT_EQ(Post(reserve), "QUOTE_HAS_DIFFERENT_PAYEE");
  reserve.set_id(TransferId(2));
  reserve.set_credit_account_id(AccountId(1));
  EXPECT_EQ(Post(reserve), "QUOTE_HAS_DIFFERENT_PAYEE");
  reserve.set_id(TransferId(3));
  reserve.set_credit_account_id(MemberId(2));  // his account, but not as a provider
  EXPECT_EQ(Post(reserve), "QUOTE_HAS_DIFFERENT_PAYEE");
  reserve.set_id(TransferId(4));
  reserve.set_credit_account_id(AccountId(2));
  EXPECT_EQ(Post(reserve), "OK");
}

TEST_F(ExactQuotesTest, TwoMembersSessionsWithOneId) {
  const auto of_one = OpenSession(1, 1'000'000, 1);
  const auto of_two = OpenSession(1, 1'000'000, 2);
  EXPECT_EQ(Post(Reserve(1, of_two)), "OK");
  EXPECT_EQ(Post(Reserve(2, of_one)), "OK");
}

TEST_F(ExactQuotesTest, TheBooksNameAHoldThatForgotWhatItsQuotePriced) {
  EXPECT_EQ(Post(Reserve(1, SearchQuote())), "OK");
  EXPECT_EQ(Post(Reserve(2, *QuoteOf(StoreItem()))), "OK");
  const auto check = [&] {
    return RunCommand({BinaryPath("ledgerd"), "check-books", "--database", book_});
  };
  const auto change = [&](const std::string& set, int hold) {
    return RunCommand(
        {"psql", "-q", "-X", "-d", superuser_connection_, "-c",
         absl::StrCat("UPDATE ledger.holds SET ", set, " WHERE id = '", TransferId(hold), "'")});
  };
  ASSERT_THAT(check(), IsOk());
  const std::tuple<int, const char*, const char*> changes[] = {
      {1, "needs_settlement = false", "needs_settlement = true"},
      {2, "needs_settlement = true", "needs_settlement = false"},
      {2, "priced_size_bytes = 1", "priced_size_bytes = 1048576"},
      {2, "priced_duration_s = NULL", "priced_duration_s = 2592000"},
      {2, "priced_redundancy = 1", "priced_redundancy = 3"},
  };
  for (const auto& [hold, wrong, right] : changes) {
    ASSERT_THAT(change(wrong, hold), IsOk());
    EXPECT_FALSE(check().ok()) << wrong;
    ASSERT_THAT(change(right, hold), IsOk());
    ASSERT_THAT(check(), IsOk()) << right;
  }
}

}  // namespace
}  // namespace joulebook::ledger
