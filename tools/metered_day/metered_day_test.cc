#include <fstream>
#include <sstream>

#include "common/testing/matchers.h"
#include "tools/metered_day/books.h"
#include "tools/metered_day/report.h"

namespace joulebook::metered_day {
namespace {

TEST(ReadTrace, ReadsItsOwnFormAndBlockTraces) {
  std::istringstream own("time,member,operation,bytes,provider\n0,m1,BLOCK_STORE,1024,p1\n");
  const auto usage = ReadTrace(own);
  ASSERT_THAT(usage, IsOk());
  ASSERT_EQ(usage->size(), 1U);
  EXPECT_EQ((*usage)[0].member, "m1");
  EXPECT_EQ((*usage)[0].redundancy, 3);
  EXPECT_EQ((*usage)[0].duration_s, 2'592'000);

  std::istringstream block("version,time,op,size,lbn\n1,5633898,2a,512,42932745\n1,1,28,512,7\n");
  const auto io = ReadTrace(block);
  ASSERT_THAT(io, IsOk());
  EXPECT_EQ((*io)[0].member, "member-40");
  EXPECT_EQ((*io)[0].provider, "provider-1");
  EXPECT_EQ((*io)[0].operation, type::v1::OPERATION_TYPE_BLOCK_STORE);
  EXPECT_EQ((*io)[1].member, "member-00");
  EXPECT_EQ((*io)[1].operation, type::v1::OPERATION_TYPE_BLOCK_RETRIEVE);
}

TEST(ReadTrace, NamesTheLineThatIsWrong) {
  const std::string header = "time,member,operation,bytes,provider\n";
  for (const char* bad :
       {"0,m1,BLOCK_STORE,1024", "0,m1,BLOCK_SMASH,1,p", "0,m1,UNSPECIFIED,1,p",
        "0,m1,BLOCK_STORE,-1,p", "0,,BLOCK_STORE,1,p", "0,m1,BLOCK_STORE,1e3,p"}) {
    std::istringstream csv(header + "0,m,BLOCK_STORE,1,p\n" + bad + "\n");
    const auto trace = ReadTrace(csv);
    EXPECT_EQ(trace.status().code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_NE(trace.status().message().find("line 3"), absl::string_view::npos);
  }
  std::istringstream other("a,b\n");
  EXPECT_FALSE(ReadTrace(other).ok());
}

TEST(GenerateTrace, WritesTheShippedTrace) {
  std::ifstream shipped(JOULEBOOK_SOURCE_DIR "/tools/metered_day/small_trace.csv");
  std::ostringstream content, generated;
  content << shipped.rdbuf();
  GenerateTrace(1, 4'000, generated);
  EXPECT_EQ(content.str(), generated.str());
}

TEST(ReadTrace, ReadsTheRealTraceWhereItIs) {
  std::ifstream file(JOULEBOOK_SOURCE_DIR "/../shared/data/block_io_trace.csv");
  if (!file) GTEST_SKIP() << "SKIPPED: the block I/O trace is not here";
  const auto trace = ReadTrace(file);
  ASSERT_THAT(trace, IsOk());
  EXPECT_EQ(trace->size(), 80'000U);
}

TEST(RevenueShares, AreExactAndLeaveTheProofOfWorkToTheSink) {
  costing::Tariff tariff;
  tariff.revenue_ppm = {400'000, 300'000, 200'000, 100'000};
  RevenueShares shares(tariff, {"revenue", "creators", "fund", "sink"});
  type::v1::QuoteTerms terms;
  terms.set_total_microjoules(1'000'007);
  terms.set_proof_of_work_microjoules(1'000'000);
  ASSERT_THAT(shares.Add(terms, "a", "b"), IsOk());
  ASSERT_THAT(shares.Add(terms, "b", "a"), IsOk());
  EXPECT_EQ(shares.charged(), 2'000'014);
  EXPECT_EQ(shares.by_account(),
            (std::map<std::string, int64_t>{
                {"a", 3}, {"b", 3}, {"creators", 6}, {"fund", 2}, {"sink", 2'000'000}}));
}

ledger::v1::Transfer MakeTransfer(ledger::v1::TransferKind kind, const std::string& id,
                                  const std::string& target, const std::string& debit,
                                  const std::string& credit, int64_t moved) {
  ledger::v1::Transfer transfer;
  transfer.mutable_request()->set_kind(kind);
  transfer.mutable_request()->set_id(id);
  transfer.mutable_request()->set_target_id(target);
  transfer.set_debit_account_id(debit);
  transfer.set_credit_account_id(credit);
  transfer.set_moved_minor(moved);
  return transfer;
}

TEST(Deriver, DerivesEveryAmountFromTransfers) {
  Deriver deriver({{"issuer", ledger::v1::ACCOUNT_ROLE_ISSUER}});
  deriver.Add(MakeTransfer(ledger::v1::TRANSFER_KIND_POST, "t1", "", "issuer", "a", 100));
  deriver.Add(MakeTransfer(ledger::v1::TRANSFER_KIND_RESERVE, "h1", "", "a", "b", 60));
  auto charge = MakeTransfer(ledger::v1::TRANSFER_KIND_CHARGE, "c1", "h1", "a", "b", 20);
  charge.mutable_request()->set_keep_rest(true);
  deriver.Add(charge);
  EXPECT_EQ(deriver.accounts().at("a"), (Amounts{80, 40, 0, 100, 0, 20}));
  EXPECT_EQ(deriver.accounts().at("b"), (Amounts{20, 0, 40, 0, 20, 0}));
  deriver.Add(MakeTransfer(ledger::v1::TRANSFER_KIND_CHARGE, "c2", "h1", "a", "b", 10));
  deriver.Add(MakeTransfer(ledger::v1::TRANSFER_KIND_REVERSE, "v1", "c2", "b", "a", 10));
  deriver.Add(MakeTransfer(ledger::v1::TRANSFER_KIND_REVERSE, "v2", "t1", "a", "issuer", 5));
  EXPECT_EQ(deriver.accounts().at("a"), (Amounts{75, 0, 0, 95, 0, 20}));
  EXPECT_EQ(deriver.accounts().at("b"), (Amounts{20, 0, 0, 0, 20, 0}));
}

type::v1::SignedQuote QuoteFor(int64_t microjoules) {
  type::v1::QuoteTerms terms;
  terms.set_total_microjoules(microjoules);
  type::v1::SignedQuote quote;
  quote.set_terms(terms.SerializeAsString());
  return quote;
}

TEST(QuotedPrices, NameTheTransferThatIsNotExactlyItsPrice) {
  using ledger::v1::TRANSFER_KIND_CHARGE;
  const auto reserve = [](const std::string& id, int64_t moved) {
    auto transfer = MakeTransfer(ledger::v1::TRANSFER_KIND_RESERVE, id, "", "a", "b", moved);
    transfer.set_quote_id("q");
    *transfer.mutable_request()->mutable_quote() = QuoteFor(10);
    return transfer;
  };
  const auto charge = [](const std::string& hold, int64_t moved) {
    auto transfer = MakeTransfer(TRANSFER_KIND_CHARGE, "c-" + hold, hold, "a", "b", moved);
    transfer.set_quote_id("q");
    return transfer;
  };
  QuotedPrices prices;
  EXPECT_EQ(prices.Add(reserve("h1", 10)), "");
  EXPECT_EQ(prices.Add(charge("h1", 10)), "");
  EXPECT_EQ(prices.Add(reserve("h2", 9)), "transfer h2 moved 9 micro-joules, its price is 10");
  EXPECT_EQ(prices.Add(charge("h2", 9)), "transfer c-h2 moved 9 micro-joules, its price is 10");
  EXPECT_EQ(prices.Add(reserve("h3", 10)), "");
  auto settled = charge("h3", 4);
  *settled.mutable_request()->mutable_quote() = QuoteFor(4);
  EXPECT_EQ(prices.Add(settled), "");
  EXPECT_EQ(prices.Add(MakeTransfer(TRANSFER_KIND_CHARGE, "c", "h", "a", "b", 3)), "");
  EXPECT_EQ(prices.charges(), 3);
}

TEST(PricedOtherwise, NamesWhoDidNotSpendWhatTheUsageCosts) {
  DayResult day;
  day.members["anna"] = {"a", 500'000};
  day.members["bo"] = {"b", 500'000};
  Books books;
  books.accounts["a"] = {80, 0, 0, 100, 0, 20};
  costing::v1::RerateResponse totals;
  EXPECT_EQ(PricedOtherwise(day, books, totals),
            "anna spent 0.000020 J, and the price done again is 0.000000 J\n");
  costing::v1::RerateTotals& anna = *totals.add_members();
  anna.set_member("anna");
  anna.set_before_microjoules(20);
  EXPECT_EQ(PricedOtherwise(day, books, totals), "");
  costing::v1::RerateTotals& bo = *totals.add_members();
  bo.set_member("bo");
  bo.set_before_microjoules(1);
  EXPECT_EQ(PricedOtherwise(day, books, totals),
            "bo spent 0.000000 J, and the price done again is 0.000001 J\n");
}

TEST(Report, SaysWhetherTheBooksBalance) {
  DayResult day;
  day.members["m"] = {"a", 500'000};
  day.refused["TRANSFER_RESULT_CODE_EXCEEDS_AVAILABLE"] = 3;
  Books books;
  books.accounts["a"] = {80, 0, 0, 100, 0, 20};
  books.quoted_charges = 7;
  EXPECT_NE(Report(day, books, 5).find("7 quoted charges, each exactly its signed price"),
            std::string::npos);
  EXPECT_NE(Report(day, books, 5).find("books          balanced"), std::string::npos);
  EXPECT_NE(Report(day, books, 5).find("refused        3: exceeds_available"), std::string::npos);
  EXPECT_NE(Report(day, books, 5).find("IS NOT"), std::string::npos);  // 20 spent, none received
  books.difference = "position 7 is missing";
  EXPECT_NE(Report(day, books, 5).find("NOT BALANCED: position 7"), std::string::npos);
}

}  // namespace
}  // namespace joulebook::metered_day
