// Quotes of a real costing service, used at a real ledger that never calls it.

#include <fstream>
#include <thread>

#include "common/crypto/note.h"
#include "tests/integration/costing_fixture.h"
#include "tests/integration/service_fixture.h"
#include "tools/metered_day/earnings.h"
#include "tools/metered_day/revenue.h"

namespace joulebook::ledger {
namespace {

using costing::SearchItem;
using costing::StoreItem;

class QuotedTransfersTest : public costing::CostingTest {
 protected:
  void SetUp() override {
    std::ofstream(Path("verifier-keys")) << signer_.verifier().ToString() << "\n";
    const auto log_key = RunCommand({BinaryPath("ledgerd"), "new-log-key", "test/ledger"});
    ASSERT_THAT(log_key, IsOk());
    std::ofstream(Path("log-keys")) << *log_key;
    StartService({"--quote-validity-ms", "3000"});
    auto started =
        LedgerProcess::Start(PrepareBook(superuser_connection_),
                             {"--quote-keys-file", Path("verifier-keys"), "--log-keys-file",
                              Path("log-keys"), "--seal-interval-ms", "50"});
    ASSERT_THAT(started, IsOk());
    ledger_.emplace(*std::move(started));
    ledger_stub_ = ledger_->Stub();
    for (int number = 1; number <= 2; ++number) {
      v1::RegisterMemberRequest request;
      request.set_member_id(MemberId(number));
      ASSERT_THAT(Call(*ledger_stub_, &Service::RegisterMember, request), IsOk());
    }
  }

  std::string Path(const std::string& name) const { return directory_ + "/" + name; }

  // The result's code, without its prefix.
  std::string Post(const v1::TransferRequest& item) {
    const auto response = Call(*ledger_stub_, &Service::PostTransfers, OneItem(item));
    EXPECT_THAT(response, IsOk());
    return v1::TransferResultCode_Name(response->results(0).code())
        .substr(sizeof("TRANSFER_RESULT_CODE_") - 1);
  }

  // What the transfers with this reference moved.
  std::vector<int64_t> PaymentsOf(const std::string& reference) {
    v1::ListTransfersRequest list;
    list.set_reference(reference);
    const auto found = Call(*ledger_stub_, &Service::ListTransfers, list);
    EXPECT_THAT(found, IsOk());
    std::vector<int64_t> moved;
    for (const auto& transfer : found->transfers()) moved.push_back(transfer.moved_minor());
    return moved;
  }

  static v1::TransferRequest Reserve(int number, const costing::v1::Quote& quote) {
    v1::TransferRequest request = MakePost(TransferId(number), quote.terms().member_id(),
                                           MemberId(2), quote.terms().total_microjoules());
    request.set_kind(v1::TRANSFER_KIND_RESERVE);
    request.set_operation_type(quote.terms().usage().operation_type());
    *request.mutable_quote() = quote.signed_quote();
    return request;
  }
  static v1::TransferRequest Charge(int number, int hold, int64_t amount) {
    v1::TransferRequest request;
    request.set_id(TransferId(number));
    request.set_kind(v1::TRANSFER_KIND_CHARGE);
    request.set_target_id(TransferId(hold));
    request.set_amount_minor(amount);
    return request;
  }

  std::optional<LedgerProcess> ledger_;
  std::unique_ptr<Service> ledger_stub_;
};

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
  foreign.set_credit_account_id(MemberId(1));
  EXPECT_EQ(Post(foreign), "QUOTE_HAS_DIFFERENT_PAYER");
  auto other = Reserve(4, quote);
  other.set_operation_type(type::v1::OPERATION_TYPE_BLOCK_RETRIEVE);
  EXPECT_EQ(Post(other), "QUOTE_HAS_DIFFERENT_OPERATION");
  auto nonsense = Reserve(5, quote);
  nonsense.mutable_quote()->set_terms("nonsense");
  EXPECT_EQ(Post(nonsense), "QUOTE_MALFORMED");

  EXPECT_EQ(Post(Reserve(6, quote)), "OK");
  EXPECT_EQ(Post(Reserve(6, quote)), "EXISTS");
  EXPECT_EQ(Post(Reserve(7, quote)), "QUOTE_USED_UP");
  EXPECT_EQ(Post(Charge(8, 6, quote.terms().total_microjoules())), "OK");

  auto trusted = StoreItem();
  trusted.mutable_usage()->set_reputation_ppm(900'000);
  EXPECT_EQ(Post(Reserve(9, *QuoteOf(trusted))), "QUOTE_REPUTATION_TOO_HIGH");

  const auto expiring = *QuoteOf(StoreItem());
  SystemClock clock;
  const Time end = clock.Now() + std::chrono::milliseconds(3'100);
  while (clock.Now() < end) std::this_thread::yield();
  EXPECT_EQ(Post(Reserve(10, expiring)), "QUOTE_EXPIRED");
}

TEST_F(QuotedTransfersTest, ASearchIsReservedForWhatIsExpectedAndChargedForWhatIsFound) {
  auto item = SearchItem(100);
  item.mutable_usage()->set_reputation_ppm(500'000);
  const auto quote = *QuoteOf(item);
  EXPECT_EQ(Post(Reserve(1, quote)), "OK");
  costing::v1::SettleQuoteRequest settle;
  *settle.mutable_quote() = quote.signed_quote();
  settle.set_found_results(3);
  const auto settled = Call(*stub_, &costing::Service::SettleQuote, settle);
  ASSERT_THAT(settled, IsOk());
  const int64_t actual = settled->quote().terms().total_microjoules();
  auto charge = Charge(2, 1, actual + 1);
  *charge.mutable_quote() = settled->quote().signed_quote();
  EXPECT_EQ(Post(charge), "EXCEEDS_QUOTE");
  charge.set_id(TransferId(3));
  charge.set_amount_minor(actual);
  EXPECT_EQ(Post(charge), "OK");

  // And anybody can check it, without either service.
  ASSERT_THAT(RunCommand({"bash", "-c",
                          absl::StrCat(BinaryPath("joulebook-export"), " --ledger ",
                                       ledger_->address(), " --costing ", costing_->address(),
                                       " charge ", TransferId(3), " > ", Path("charge.json"))}),
              IsOk());
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
  costing::v1::OpenSessionRequest open;
  open.set_session_id(costing::TestId(5, 1));
  *open.mutable_item() = StoreItem();
  open.mutable_item()->mutable_usage()->set_operation_type(type::v1::OPERATION_TYPE_BLOCK_RETRIEVE);
  open.set_unit(type::v1::METERED_UNIT_BYTES);
  open.set_wanted_units(5'000'000);
  auto grant = Call(*stub_, &costing::Service::OpenSession, open)->grant();
  int64_t charged = 0;
  for (int slice = 0; slice < 3; ++slice) {
    EXPECT_EQ(Post(Reserve(10 + slice, grant)), "OK");
    costing::v1::UpdateSessionRequest update;
    *update.mutable_grant() = grant.signed_quote();
    update.set_used_units(3'000'000);
    update.set_wanted_units(5'000'000);
    const auto updated = Call(*stub_, &costing::Service::UpdateSession, update);
    ASSERT_THAT(updated, IsOk());
    const int64_t amount = updated->settlement().terms().total_microjoules();
    auto charge = Charge(20 + slice, 10 + slice, amount);
    *charge.mutable_quote() = updated->settlement().signed_quote();
    EXPECT_EQ(Post(charge), "OK");
    // The grant again, or its next one from a request repeated, is no second grant.
    EXPECT_EQ(Post(Reserve(30 + slice, grant)), "QUOTE_USED_UP");
    charged += amount;
    grant = updated->grant();
  }
  open.set_session_id(costing::TestId(5, 2));
  open.set_wanted_units(9'000'000);
  EXPECT_EQ(Call(*stub_, &costing::Service::OpenSession, open)->grant().terms().total_microjoules(),
            charged);
  v1::GetAccountRequest get;
  get.set_account_id(MemberId(1));
  EXPECT_EQ(Call(*ledger_stub_, &Service::GetAccount, get)->account().balances().spent_minor(),
            charged);
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
  v1::GetAccountRequest get;
  get.set_account_id(network.revenue);
  EXPECT_EQ(Call(*ledger_stub_, &Service::GetAccount, get)->account().balances().spent_minor(),
            1'000'000);
}

}  // namespace
}  // namespace joulebook::ledger
