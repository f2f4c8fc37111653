// Quotes at the edge of a tariff's notice, on a real database and a clock that moves when told to.

#include "services/costing/engine/quoter.h"

#include <set>

#include "common/crypto/sha256.h"
#include "common/ids/random.h"
#include "common/testing/matchers.h"
#include "common/testing/postgres.h"
#include "common/testing/virtual_clock.h"
#include "services/costing/domain/tariff_fixture.h"
#include "services/costing/store/pg_store.h"
#include "tests/integration/service_process.h"

namespace joulebook::costing {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr Duration kTimeout = seconds(10);
constexpr Duration kAhead = seconds(30);
constexpr Duration kValidity = seconds(60);
constexpr Duration kMaxAge = seconds(10);
constexpr Duration kNotice =
    kAhead + kValidity + kMaxAge;  // the least, where a publication takes no time

Uuid NumberedId(uint8_t number) {
  Uuid id;
  id.bytes[15] = number;
  return id;
}

class QuoterTest : public testing::Test {
 protected:
  QuoterTest() { EXPECT_THAT(book_.Refresh(kTimeout), IsOk()); }

  // The second version, at the earliest time that its notice allows.
  Time PublishNext(const std::string& changes = R"("priority": {"low": "0.8"})") {
    const Time effective = clock_.Now() + kNotice;
    const auto document = ParsePatched(
        "constants", absl::StrCat(R"({"version": 2, "effective_us": )",
                                  effective.time_since_epoch().count(), ", ", changes, "}"));
    const std::string hash(AsBytes(Sha256(document->canonical)));
    EXPECT_THAT(store_->Publish("constants", kTimeout,
                                [&](const auto& of_name) {
                                  return DecidePublication(*document, hash, of_name, FindZone,
                                                           kNotice, clock_.Now(), "2026a");
                                }),
                IsOk());
    return effective;
  }

  // A grant of the discount, or its revocation.
  void Record(const Uuid& id, bool is_revoked, uint8_t member = 1) {
    Entitlement entitlement{.id = id, .member = NumberedId(member), .name = "provider"};
    EXPECT_THAT(store_->RecordEntitlement(
                    id, kTimeout,
                    [&](const auto& of_id) {
                      return is_revoked ? DecideRevocation(id, of_id, clock_.Now())
                                        : DecideGrant(entitlement, of_id, clock_.Now());
                    }),
                IsOk());
  }

  void ReportSearches(int64_t demand) {
    const Tariff tariff = Patched();
    const int64_t due = PeriodOf(tariff.congestion, clock_.Now()) - 1;
    ASSERT_THAT(store_->Report("constants", "searches", due, kTimeout,
                               [&](const auto& last) {
                                 return DecideReport(tariff, "searches", due, demand, last,
                                                     Duration(0), clock_.Now());
                               }),
                IsOk());
  }

  static QuoteItem SearchAt(std::optional<Time> at) {
    return {.member = NumberedId(1), .usage = {.operation = 28, .results = 10}, .at = at};
  }

  VirtualClock clock_;
  SeededRandom random_{1};
  ThreadSleeper sleeper_;
  const std::string superuser_connection_ = MakeTestDatabase();
  Pool pool_{{PrepareSchema("costing", superuser_connection_), 4}};
  std::unique_ptr<Store> store_ = MakePgStore({pool_, clock_, random_, sleeper_});
  TariffBook book_{*store_, clock_, FindZone, kMaxAge};
  UuidV7Generator ids_{clock_, random_};
  Quoter quoter_{{"constants", kValidity, kAhead}, book_, clock_, ids_};
};

// The worst case: published just after this replica looked, and the replica looks again as late as
// it may.
TEST_F(QuoterTest, NoQuoteReachesPastAVersionThatItCouldNotKnow) {
  const Time effective = PublishNext();
  clock_.Advance(kMaxAge);
  const QuoteItem latest = SearchAt(clock_.Now() + kAhead);
  const auto quote = quoter_.Quote(latest);
  ASSERT_THAT(quote, IsOk());
  EXPECT_EQ(quote->terms.tariff_version, 1);
  EXPECT_EQ(quote->terms.expires, effective);
  const auto authorized = quoter_.Authorize(latest, 1'000'000'000);
  ASSERT_THAT(authorized, IsOk());
  EXPECT_EQ(authorized->quote->terms.expires, effective);
  const auto grant =
      quoter_.OpenSession(SearchAt(std::nullopt), NumberedId(2), MeteredUnit::kResults, 5, {});
  ASSERT_THAT(grant, IsOk());
  EXPECT_LE(grant->terms.expires, effective);
  EXPECT_THAT(quoter_.Quote(SearchAt(clock_.Now() + kAhead + microseconds(1))),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
  clock_.Advance(microseconds(1));
  EXPECT_THAT(quoter_.Quote(SearchAt(std::nullopt)),
              StatusIs(absl::StatusCode::kUnavailable, "TARIFFS_STALE"));
}

TEST_F(QuoterTest, AQuoteEndsWhereTheNextVersionTakesEffect) {
  const Time effective = PublishNext();
  clock_.Advance(effective - clock_.Now() - seconds(1));
  ASSERT_THAT(book_.Refresh(kTimeout), IsOk());
  const auto before = quoter_.Quote(SearchAt(effective - microseconds(1)));
  ASSERT_THAT(before, IsOk());
  EXPECT_EQ(before->terms.tariff_version, 1);
  EXPECT_EQ(before->terms.expires, effective);
  const auto after = quoter_.Quote(SearchAt(effective));
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ(after->terms.tariff_version, 2);
  EXPECT_EQ(after->terms.expires, effective + kValidity);
}

// A replica that cannot look any more goes on with what it read for its longest age, then quotes
// nothing: no quote by a revoked entitlement after that.
TEST_F(QuoterTest, ARevokedEntitlementCountsForTheLongestAgeAtMost) {
  Record(NumberedId(7), false);
  ASSERT_THAT(book_.Refresh(kTimeout), IsOk());
  Record(NumberedId(7), true);
  clock_.Advance(kMaxAge);
  const auto last = quoter_.Quote(SearchAt(std::nullopt));
  ASSERT_THAT(last, IsOk());
  EXPECT_EQ(last->terms.usage.discounts, std::vector<std::string>{"provider"});
  clock_.Advance(microseconds(1));
  EXPECT_THAT(quoter_.Quote(SearchAt(std::nullopt)),
              StatusIs(absl::StatusCode::kUnavailable, "TARIFFS_STALE"));
  ASSERT_THAT(book_.Refresh(kTimeout), IsOk());
  EXPECT_TRUE(quoter_.Quote(SearchAt(std::nullopt))->terms.usage.discounts.empty());
}

// Snapshots share what no reading changed: an older one keeps what it had.
TEST_F(QuoterTest, ASnapshotKeepsItsEntitlements) {
  Record(NumberedId(7), false);
  ASSERT_THAT(book_.Refresh(kTimeout), IsOk());
  const auto older = *book_.Now();
  Record(NumberedId(7), true);
  Record(NumberedId(8), false);
  ASSERT_THAT(book_.Refresh(kTimeout), IsOk());
  ASSERT_EQ(older->EntitlementsOf(NumberedId(1)).size(), 1U);
  EXPECT_FALSE(older->EntitlementsOf(NumberedId(1))[0].is_revoked);
  const auto newer = *book_.Now();
  ASSERT_EQ(newer->EntitlementsOf(NumberedId(1)).size(), 2U);
  EXPECT_TRUE(newer->EntitlementsOf(NumberedId(1))[0].is_revoked);
  EXPECT_TRUE(newer->EntitlementsOf(NumberedId(2)).empty());
}

// A hold from before the change is charged at the price of before, and a settlement made
// after the change can still be used.
TEST_F(QuoterTest, WhatWasReservedIsSettledAcrossAChange) {
  const Time effective = PublishNext();
  const auto quote = quoter_.Quote(SearchAt(std::nullopt));
  ASSERT_THAT(quote, IsOk());
  clock_.Advance(effective - clock_.Now() + seconds(1));
  ASSERT_THAT(book_.Refresh(kTimeout), IsOk());
  const auto settled = quoter_.Settle({.terms = quote->terms}, 3);
  ASSERT_THAT(settled, IsOk());
  EXPECT_EQ(settled->terms.tariff_version, 1);
  EXPECT_EQ(settled->terms.expires, clock_.Now() + kValidity);
}

// So a settlement of the one is right for a hold of the other.
TEST_F(QuoterTest, GrantsWithOneIdHaveOnePrice) {
  const auto id_of = [&](uint8_t opening, int64_t wanted) {
    EXPECT_THAT(book_.Refresh(kTimeout), IsOk());
    const auto grant = quoter_.OpenSession(SearchAt(std::nullopt), NumberedId(2),
                                           MeteredUnit::kResults, wanted, {opening});
    EXPECT_THAT(grant, IsOk());
    return grant->terms.id;
  };
  const Tariff tariff = Patched();
  std::set<Uuid> ids = {id_of(1, 5)};
  clock_.Advance(seconds(1));
  EXPECT_TRUE(ids.contains(id_of(1, 7)));
  EXPECT_TRUE(ids.insert(id_of(2, 5)).second) << "asked for otherwise";
  Record(NumberedId(7), false);
  EXPECT_TRUE(ids.insert(id_of(1, 5)).second) << "a discount";
  clock_.Advance(NextWindowEdge(tariff, clock_.Now()) - clock_.Now());
  EXPECT_TRUE(ids.insert(id_of(1, 5)).second) << "a time window";
  ReportSearches(1'000'000);
  clock_.Advance(seconds(tariff.congestion.period_s));
  EXPECT_TRUE(ids.insert(id_of(1, 5)).second) << "congestion";
  clock_.Advance(PublishNext() - clock_.Now());
  EXPECT_TRUE(ids.insert(id_of(1, 5)).second) << "a tariff";
}

// 100 results cost 10 J, the 50 that were found 50 J: there is no hold that could be charged.
TEST_F(QuoterTest, ResultsWithVolumeTiersAreNotQuoted) {
  const auto older =
      quoter_.Quote({.member = NumberedId(1), .usage = {.operation = 28, .results = 100}});
  ASSERT_THAT(older, IsOk());
  const Time effective = PublishNext(
      R"("rates": {"result": {"tiering": "volume",
         "tiers": [{"up_to": "100", "joules": "1"}, {"joules": "0.1"}]}})");
  clock_.Advance(effective - clock_.Now());
  ASSERT_THAT(book_.Refresh(kTimeout), IsOk());
  const QuoteItem item{.member = NumberedId(1), .usage = {.operation = 28, .results = 100}};
  EXPECT_THAT(quoter_.Quote(item),
              StatusIs(absl::StatusCode::kFailedPrecondition, "NOT_METERABLE"));
  EXPECT_THAT(quoter_.Authorize(item, 1'000'000'000),
              StatusIs(absl::StatusCode::kFailedPrecondition, "NOT_METERABLE"));
  EXPECT_THAT(quoter_.Expect(item), IsOk());
  // One that was made before such quotes were refused.
  OwnQuote made{.terms = older->terms};
  made.terms.price = *quoter_.Expect(item);
  made.terms.tariff_hash = (*book_.Now())->all().back()->published.hash;
  EXPECT_THAT(quoter_.Settle(made, 50),
              StatusIs(absl::StatusCode::kFailedPrecondition, "NOT_METERABLE"));
  EXPECT_THAT(quoter_.Settle(made, 100), IsOk());
}

// The database is turned back to before its last rows, and others get their numbers.
class RewoundBookTest : public QuoterTest {
 protected:
  void Lose(const std::string& table, int64_t after) {
    ASSERT_THAT(
        RunCommand({"psql", "-q", "-X", "-d", superuser_connection_, "-c",
                    absl::StrCat("SET session_replication_role = replica; DELETE FROM costing.",
                                 table, " WHERE number > ", after)}),
        IsOk());
  }
};

TEST_F(RewoundBookTest, ARevocationThatGotALostNumberIsSeen) {
  Record(NumberedId(7), false);
  Record(NumberedId(8), false, 2);
  ASSERT_THAT(book_.Refresh(kTimeout), IsOk());
  Lose("entitlements", 1);
  Record(NumberedId(7), true);
  ASSERT_THAT(book_.Refresh(kTimeout), IsOk());
  const auto snapshot = *book_.Now();
  EXPECT_TRUE(snapshot->EntitlementsOf(NumberedId(1))[0].is_revoked);
  EXPECT_TRUE(snapshot->EntitlementsOf(NumberedId(2)).empty());
}

TEST_F(RewoundBookTest, ALostGrantIsForgottenThoughNothingCameAfterIt) {
  Record(NumberedId(7), false);
  ASSERT_THAT(book_.Refresh(kTimeout), IsOk());
  Lose("entitlements", 0);
  ASSERT_THAT(book_.Refresh(kTimeout), IsOk());
  EXPECT_TRUE((*book_.Now())->EntitlementsOf(NumberedId(1)).empty());
}

TEST_F(RewoundBookTest, ALostTariffPricesNothingAndItsSuccessorDoes) {
  const int64_t shipped = (*book_.Now())->all().back()->published.number;
  PublishNext();
  ASSERT_THAT(book_.Refresh(kTimeout), IsOk());
  const std::string lost = (*book_.Now())->all().back()->published.hash;
  Lose("tariffs", shipped);
  const Time effective = PublishNext(R"("priority": {"low": "0.7"})");
  ASSERT_THAT(book_.Refresh(kTimeout), IsOk());
  const auto snapshot = *book_.Now();
  EXPECT_THAT(snapshot->FindHash(lost).status(),
              StatusIs(absl::StatusCode::kNotFound, "TARIFF_NOT_FOUND"));
  const auto live = snapshot->InEffect("constants", effective);
  ASSERT_THAT(live, IsOk());
  EXPECT_EQ((*live)->tariff.priority[0], Rational::Of(7, 10));
}

TEST_F(RewoundBookTest, ALostReportOfDemandMakesNoPrice) {
  ReportSearches(100'000);
  ASSERT_THAT(book_.Refresh(kTimeout), IsOk());
  const Time then = clock_.Now() + std::chrono::hours(1);
  ASSERT_GT((*book_.Now())->CongestionPpm(Patched(), 28, then), 1'000'000);
  Lose("congestion", 0);
  ReportSearches(1);
  ASSERT_THAT(book_.Refresh(kTimeout), IsOk());
  EXPECT_EQ((*book_.Now())->CongestionPpm(Patched(), 28, then), 1'000'000);
}

TEST_F(RewoundBookTest, ARowThatCameAgainJustAsItWasIsNoContinuation) {
  Record(NumberedId(7), false);
  Record(NumberedId(8), false, 2);
  ASSERT_THAT(book_.Refresh(kTimeout), IsOk());
  Lose("entitlements", 0);
  Record(NumberedId(9), false, 3);
  Record(NumberedId(8), false, 2);
  ASSERT_THAT(book_.Refresh(kTimeout), IsOk());
  const auto snapshot = *book_.Now();
  EXPECT_TRUE(snapshot->EntitlementsOf(NumberedId(1)).empty());
  EXPECT_EQ(snapshot->EntitlementsOf(NumberedId(3)).size(), 1U);
}

}  // namespace
}  // namespace joulebook::costing
