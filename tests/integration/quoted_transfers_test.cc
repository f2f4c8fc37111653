// Quotes of a real costing service, used at a real ledger that never calls it.

#include "tests/integration/quoted_transfers.h"

#include "common/time/timers.h"
#include "tools/metered_day/day.h"
#include "tools/metered_day/earnings.h"
#include "tools/metered_day/revenue.h"

namespace joulebook::ledger {
namespace {

TEST_F(QuotedTransfersTest, AQuoteBindsWhoWhatHowMuchAndHowOften) {
  const auto quote = *QuoteOf(StoreItem());
  auto altered = quote;
  type::v1::QuoteTerms cheaper = quote.terms();
  cheaper.set_total_microjoules(1);
  altered.mutable_signed_quote()->set_terms(cheaper.SerializeAsString());
  EXPECT_EQ(Post(Reserve(1, altered)), "QUOTE_NOT_SIGNED");
  auto too_much = Reserve(2, quote);
  too_much.set_amount_minor(quote.terms().total_microjoules() + 1);
  EXPECT_EQ(Post(too_much), "EXCEEDS_QUOTE");
  auto foreign = Reserve(3, quote);
  foreign.set_debit_account_id(MemberId(2));
  EXPECT_EQ(Post(foreign), "QUOTE_HAS_DIFFERENT_PAYER");
  auto other = Reserve(4, quote);
  other.set_operation_type(type::v1::OPERATION_TYPE_BLOCK_RETRIEVE);
  EXPECT_EQ(Post(other), "QUOTE_HAS_DIFFERENT_OPERATION");
  auto nonsense = Reserve(5, quote);
  nonsense.mutable_quote()->set_terms("nonsense");
  EXPECT_EQ(Post(nonsense), "QUOTE_MALFORMED");
  const std::string unknown_field("\xc2\x3e\x03pad", 6);  // number 1000, three bytes
  const std::string long_zero("\x98\x01\x80\x00", 4);     // number 19, a zero in two bytes
  for (const std::string& padding : {unknown_field, long_zero}) {
    auto padded = Reserve(5, quote);
    padded.mutable_quote()->mutable_terms()->append(padding);
    EXPECT_EQ(Post(padded), "QUOTE_MALFORMED");
  }
  auto wrapped = Reserve(5, quote);  // the signature does not cover this
  ASSERT_TRUE(wrapped.mutable_quote()->MergeFromString(unknown_field));
  EXPECT_EQ(Post(wrapped), "QUOTE_MALFORMED");

  EXPECT_EQ(Post(Reserve(6, quote)), "OK");
  EXPECT_EQ(Post(Reserve(6, quote)), "EXISTS");
  EXPECT_EQ(Post(Reserve(7, quote)), "QUOTE_USED_UP");
  EXPECT_EQ(Post(Charge(8, 6, quote.terms().total_microjoules())), "OK");

  auto trusted = StoreItem();
  trusted.mutable_usage()->set_reputation_ppm(900'000);
  EXPECT_EQ(Post(Reserve(9, *QuoteOf(trusted))), "QUOTE_REPUTATION_TOO_HIGH");
}

class ShortQuotesTest : public QuotedTransfersTest {
  std::vector<std::string> CostingFlags() const override { return {"--quote-validity-ms", "1000"}; }
};

TEST_F(ShortQuotesTest, AQuoteExpires) {
  const auto expiring = *QuoteOf(StoreItem());
  ThreadSleeper().SleepFor(std::chrono::milliseconds(1'100));
  EXPECT_EQ(Post(Reserve(10, expiring)), "QUOTE_EXPIRED");
}

TEST_F(QuotedTransfersTest, ASearchIsReservedForWhatIsExpectedAndChargedForWhatIsFound) {
  auto item = SearchItem(100);
  item.mutable_usage()->set_reputation_ppm(500'000);
  const auto quote = *QuoteOf(item);
  EXPECT_EQ(Post(Reserve(1, quote)), "OK");
  const auto settlement = Settled(quote, 3);
  const int64_t actual = settlement.terms().total_microjoules();
  EXPECT_EQ(Post(Charge(3, 1, settlement)), "OK");

  // And anybody can check it, without either service.
  const auto export_charge = [&](int number) {
    return RunCommand({"bash", "-c",
                       absl::StrCat(BinaryPath("joulebook-export"), " --ledger ",
                                    ledger_->address(), " --costing ", costing_->address(),
                                    " charge ", TransferId(number), " > ", Path("charge.json"))});
  };
  EXPECT_FALSE(export_charge(1).ok()) << "a RESERVE pays nobody";
  ASSERT_THAT(export_charge(3), IsOk());
  EXPECT_THAT(
      RunCommand({BinaryPath("ledgerd"), "log-verifier-keys", "--log-keys-file", Path("log-keys")}),
      IsOk());
  const auto keys =
      RunCommand({BinaryPath("ledgerd"), "log-verifier-keys", "--log-keys-file", Path("log-keys")});
  std::ofstream(Path("log-verifier-keys")) << *keys;
  const auto verify = [&](const std::string& quote_keys) {
    return RunCommand({BinaryPath("joulebook-verify"), "--keys-file", Path("log-verifier-keys"),
                       "--quote-keys-file", quote_keys, "charge", Path("charge.json")});
  };
  const auto verified = verify(Path("verifier-keys"));
  ASSERT_THAT(verified, IsOk());
  EXPECT_NE(verified->find(absl::StrCat("the charge of ", actual, " micro-joules")),
            std::string::npos);
  EXPECT_FALSE(verify(Path("log-verifier-keys")).ok());  // no key of quotes
  std::ifstream file(Path("charge.json"));
  std::string json(std::istreambuf_iterator<char>(file), {});
  const std::size_t price = json.find(R"(\"joules_per_bit\":\"0.1\")");
  ASSERT_NE(price, std::string::npos);
  json.replace(price, 24, R"(\"joules_per_bit\":\"0.2\")");
  std::ofstream(Path("charge.json")) << json;
  EXPECT_FALSE(verify(Path("verifier-keys")).ok());  // another tariff
}

TEST_F(QuotedTransfersTest, AMeteredSessionIsChargedSliceBySlice) {
  auto grant = OpenSession(1, 5'000'000);
  int64_t charged = 0;
  for (int slice = 0; slice < 3; ++slice) {
    EXPECT_EQ(Post(Reserve(10 + slice, grant)), "OK");
    const auto updated = Update(grant, 3'000'000, 5'000'000);
    EXPECT_EQ(Post(Charge(20 + slice, 10 + slice, updated.settlement())), "OK");
    // The grant again, or its next one from a request repeated, is no second grant.
    EXPECT_EQ(Post(Reserve(30 + slice, grant)), "QUOTE_USED_UP");
    charged += updated.settlement().terms().total_microjoules();
    grant = updated.grant();
  }
  EXPECT_EQ(OpenSession(2, 9'000'000).terms().total_microjoules(), charged);
  EXPECT_EQ(BalancesOf(MemberId(1)).spent_minor(), charged);
}

// The metered day charges a search with a settlement, and what it found was what it expected.
TEST_F(QuotedTransfersTest, ADayWithASearchSettlesIt) {
  metered_day::LedgerClient ledger({.target = ledger_->address()}, "");
  metered_day::CostingClient costing({.target = costing_->address()}, "");
  SystemClock clock;
  const auto random = MakeSystemRandom();
  UuidV7Generator ids(clock, *random);
  const std::vector<metered_day::Usage> trace = {
      {.member = "m", .provider = "p", .operation = type::v1::OPERATION_TYPE_BLOCK_VERIFY},
      {.member = "m", .provider = "p", .operation = type::v1::OPERATION_TYPE_NODE_SEARCH}};
  const auto day = metered_day::RunDay(trace, {ledger, costing, ids, clock}, [](auto, auto) {});
  ASSERT_THAT(day, IsOk());
  EXPECT_TRUE(day->refused.empty()) << day->refused.begin()->first;
  EXPECT_EQ(day->charged, 2);
}

TEST_F(QuotedTransfersTest, EarningsArePaidFromTheFundWhileItLasts) {
  metered_day::LedgerClient ledger({.target = ledger_->address()}, "");
  metered_day::CostingClient costing({.target = costing_->address()}, "");
  SystemClock clock;
  const auto random = MakeSystemRandom();
  UuidV7Generator ids(clock, *random);
  // Member 1's 1 000 J are the fund. 0.15 J for each GB-day are more, 0.002 J an operation and
  // 1 J for the day at a location are not.
  const metered_day::Provider provider{.member_id = MemberId(2),
                                       .account = MemberId(2),
                                       .moved_operations = 5,
                                       .stored_bytes = int64_t{10'000} << 30};
  const auto earnings = metered_day::PayEarnings({{"provider", provider}}, MemberId(1), clock.Now(),
                                                 ledger, costing, ids);
  ASSERT_THAT(earnings, IsOk());
  EXPECT_EQ(earnings->confirmed, 3);
  EXPECT_EQ(earnings->confirmed_microjoules, 1'501'010'000);
  EXPECT_EQ(earnings->paid, 2);
  EXPECT_EQ(earnings->paid_microjoules, 1'010'000);

  costing::v1::ListEarningsRequest list;
  list.set_state(costing::v1::EARNING_STATE_CONFIRMED);
  const auto waiting = Call(*stub_, &costing::Service::ListEarnings, list);
  ASSERT_THAT(waiting, IsOk());
  ASSERT_EQ(waiting->earnings_size(), 1);
  EXPECT_EQ(waiting->earnings(0).source(), costing::v1::EARNING_SOURCE_STORAGE);
  list.set_state(costing::v1::EARNING_STATE_PAID);
  const auto paid = Call(*stub_, &costing::Service::ListEarnings, list);
  ASSERT_THAT(paid, IsOk());
  ASSERT_EQ(paid->earnings_size(), 2);
  for (const auto& earning : paid->earnings()) {
    EXPECT_EQ(PaymentsOf(earning.earning_id()), std::vector{earning.amount_microjoules()});
  }
}

TEST_F(QuotedTransfersTest, AnEarningThatWasRefusedIsPaidLaterAndOnce) {
  metered_day::LedgerClient ledger({.target = ledger_->address()}, "");
  metered_day::CostingClient costing({.target = costing_->address()}, "");
  SystemClock clock;
  const auto random = MakeSystemRandom();
  UuidV7Generator ids(clock, *random);
  const metered_day::Provider provider{
      .member_id = MemberId(2), .account = MemberId(2), .stored_bytes = int64_t{10'000} << 30};
  ASSERT_THAT(metered_day::PayEarnings({{"provider", provider}}, MemberId(1), clock.Now(), ledger,
                                       costing, ids),
              IsOk());
  costing::v1::ListEarningsRequest list;
  list.set_state(costing::v1::EARNING_STATE_CONFIRMED);
  const auto waiting = Call(*stub_, &costing::Service::ListEarnings, list);
  ASSERT_THAT(waiting, IsOk());
  ASSERT_EQ(waiting->earnings_size(), 1);
  const auto& earning = waiting->earnings(0);
  const auto pay = [&] {
    return *metered_day::PayEarning(earning, MemberId(2), MemberId(1), ledger, costing, ids);
  };
  EXPECT_FALSE(pay());
  EXPECT_FALSE(pay());
  EXPECT_TRUE(PaymentsOf(earning.earning_id()).empty());
  EXPECT_EQ(Post(MakePost(TransferId(1), kIssuer, MemberId(1), 10'000'000'000)), "OK");
  // The second time is one that did not hear of the first.
  EXPECT_TRUE(pay());
  EXPECT_TRUE(pay());
  EXPECT_EQ(PaymentsOf(earning.earning_id()), std::vector{earning.amount_microjoules()});
}

TEST_F(QuotedTransfersTest, ARevenueAccountIsSplitOnce) {
  metered_day::LedgerClient ledger({.target = ledger_->address()}, "");
  SystemClock clock;
  const auto random = MakeSystemRandom();
  UuidV7Generator ids(clock, *random);
  const metered_day::NetworkAccounts network{MemberId(1), AccountId(1), AccountId(2), AccountId(3)};
  for (const auto& account : {network.creators, network.fund, network.sink}) {
    ASSERT_THAT(ledger.OpenAccount(account, "", v1::ACCOUNT_ROLE_FEES), IsOk());
  }
  costing::Tariff tariff;
  tariff.revenue_ppm = {400'000, 300'000, 200'000, 100'000};
  metered_day::RevenueShares shares(tariff, network);
  type::v1::QuoteTerms terms;
  terms.set_total_microjoules(1'000'000);
  ASSERT_THAT(shares.Add(terms, MemberId(2), MemberId(2)), IsOk());
  ASSERT_THAT(shares.Pay(ledger, ids), IsOk());
  ASSERT_THAT(shares.Pay(ledger, ids), IsOk());
  EXPECT_EQ(BalancesOf(network.revenue).spent_minor(), 1'000'000);
}

// Members of different reputations, and an operation that fails, so that it is released. The
// charged usage, priced again, is what was spent.
TEST_F(QuotedTransfersTest, AMeteredDayPricedAgainIsWhatWasSpent) {
  std::ofstream trace(Path("trace.csv"));
  trace << "time,member,operation,bytes,provider\n";
  for (int row = 1; row <= 100; ++row) {
    trace << row << ",member-" << row % 3 << "," << (row % 2 == 0 ? "BLOCK_STORE" : "NODE_SEARCH")
          << "," << row * 1'000 << ",provider-" << row % 2 << "\n";
  }
  trace.close();
  const auto run = [&](const std::string& other) {
    return RunCommand({BinaryPath("metered-day"), "--ledger", ledger_->address(), "--costing",
                       costing_->address(), "--trace", Path("trace.csv"), "--other-tariff", other});
  };
  const auto text = run("block_table:1");
  ASSERT_THAT(text, IsOk());
  EXPECT_NE(text->find("99 charged, 1 failed"), std::string::npos) << *text;
  EXPECT_NE(text->find("before         = spent, for every member"), std::string::npos) << *text;
  EXPECT_FALSE(run("none").ok());
}

}  // namespace
}  // namespace joulebook::ledger
