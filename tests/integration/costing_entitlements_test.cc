// Grants to members beside the network's own prices, through the real server.

#include <pqxx/connection>
#include <pqxx/transaction>

#include "common/rpc/timestamps.h"
#include "services/costing/store/sql.h"
#include "tests/integration/costing_fixture.h"

namespace joulebook::costing {
namespace {

class EntitlementsTest : public CostingTest {
 protected:
  absl::StatusOr<v1::RevokeEntitlementResponse> Revoke(const std::string& id) {
    v1::RevokeEntitlementRequest request;
    request.set_entitlement_id(id);
    return Call(*stub_, &Service::RevokeEntitlement, request);
  }

  static v1::QuoteItem RateItem(const std::vector<std::string>& discounts = {}) {
    v1::QuoteItem item = SearchItem(0);
    item.mutable_usage()->set_operation_type(type::v1::OPERATION_TYPE_RATE_MEMBER);
    for (const std::string& name : discounts) item.mutable_usage()->add_discounts(name);
    return item;
  }

  static std::vector<std::string> DiscountsOf(const v1::Quote& quote) {
    const auto& names = quote.terms().usage().discounts();
    return {names.begin(), names.end()};
  }

  static void ExpectNotEntitled(const absl::Status& status, const std::string& kind,
                                const std::string& name) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, "NOT_ENTITLED"));
    auto metadata = GetErrorInfo(status)->metadata;
    EXPECT_EQ(metadata["member_id"], MemberId(1));
    EXPECT_EQ(metadata["kind"], kind);
    EXPECT_EQ(metadata["name"], name);
  }
};

TEST_F(EntitlementsTest, NobodyNamesADiscountThatWasNotGranted) {
  StartService();
  ExpectNotEntitled(QuoteOf(RateItem({"provider", "founder"})).status(), "discount", "provider");
  v1::AuthorizeRequest authorize;
  *authorize.mutable_item() = RateItem({"founder"});
  authorize.set_available_microjoules(10'000'000);
  ExpectNotEntitled(Call(*stub_, &Service::Authorize, authorize).status(), "discount", "founder");
  v1::OpenSessionRequest open;
  open.set_session_id(TestId(5, 1));
  *open.mutable_item() = RateItem({"founder"});
  open.set_unit(type::v1::METERED_UNIT_BYTES);
  open.set_wanted_units(1);
  ExpectNotEntitled(Call(*stub_, &Service::OpenSession, open).status(), "discount", "founder");

  // A what-if may name anything, and is not signed.
  v1::CheckCostRequest check;
  *check.mutable_item() = RateItem({"provider", "founder"});
  check.mutable_item()->set_tariff_name("block_table");
  check.set_available_microjoules(10'000'000);
  EXPECT_THAT(Call(*stub_, &Service::CheckCost, check), IsOk());
}

TEST_F(EntitlementsTest, NobodyIsQuotedByAnotherTariffThatWasNotGranted) {
  PutInEffect(ShippedDocument("constants",
                              R"({"name": "gift", "proof_of_work": {"joules_per_bit": "0"}})"));
  StartService();
  v1::QuoteItem item = RateItem();
  item.set_tariff_name("block_table");
  ExpectNotEntitled(QuoteOf(item).status(), "tariff", "block_table");
  ASSERT_THAT(GrantTariff("block_table"), IsOk());
  const auto quote = QuoteOf(item);
  ASSERT_THAT(quote, IsOk());
  EXPECT_EQ(quote->terms().tariff_name(), "block_table");
  EXPECT_EQ(QuoteOf(RateItem())->terms().tariff_name(), "constants");
  item.set_tariff_name("gift");
  ExpectNotEntitled(QuoteOf(item).status(), "tariff", "gift");
}

TEST_F(EntitlementsTest, AGrantedDiscountAppliesAndTheQuoteSaysSo) {
  StartService();
  v1::Entitlement entitlement = MakeEntitlement(1, 1);
  entitlement.set_discount("provider");
  const auto granted = Grant(entitlement);
  ASSERT_THAT(granted, IsOk());
  EXPECT_TRUE(granted->granted_now());
  EXPECT_FALSE(Grant(entitlement)->granted_now());
  entitlement.set_entitlement_id(TestId(7, 2));
  entitlement.set_discount("founder");
  ASSERT_THAT(Grant(entitlement), IsOk());

  using Names = std::vector<std::string>;
  for (const Names& named : {Names{}, Names{"provider"}, Names{"provider", "founder"}}) {
    const auto quote = QuoteOf(RateItem(named));
    ASSERT_THAT(quote, IsOk());
    EXPECT_EQ(DiscountsOf(*quote), (Names{"founder", "provider"}));
    v1::QuoteItem other = RateItem();
    other.set_member_id(MemberId(2));
    const auto full = QuoteOf(other);
    EXPECT_TRUE(DiscountsOf(*full).empty());
    EXPECT_EQ(100 * quote->terms().computation_microjoules(),
              95 * 80 / 100 * full->terms().computation_microjoules());
  }
  const v1::QuoteItem other = RateItem({"provider", "provider"});
  EXPECT_THAT(QuoteOf(other), StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
}

TEST_F(EntitlementsTest, ItCountsFromWhenToWhenAndEndsWithItsRevocation) {
  StartService();
  v1::Entitlement entitlement = MakeEntitlement(1, 1);
  entitlement.set_discount("provider");
  const Time now = SystemClock().Now();
  SetTimestamp(now + std::chrono::minutes(10), *entitlement.mutable_start_time());
  SetTimestamp(now + std::chrono::minutes(20), *entitlement.mutable_end_time());
  ASSERT_THAT(Grant(entitlement), IsOk());
  const auto price_at = [&](int minutes) {
    v1::QuoteItem item = RateItem();
    SetTimestamp(now + std::chrono::minutes(minutes), *item.mutable_usage()->mutable_time());
    return QuoteOf(item);
  };
  EXPECT_TRUE(DiscountsOf(*price_at(9)).empty());
  EXPECT_EQ(DiscountsOf(*price_at(10)), std::vector<std::string>{"provider"});
  // Its validity is a quarter of an hour.
  EXPECT_EQ(*ReadTimestamp(price_at(10)->terms().expire_time()), now + std::chrono::minutes(20));
  EXPECT_TRUE(DiscountsOf(*price_at(20)).empty());

  const auto revoked = Revoke(entitlement.entitlement_id());
  ASSERT_THAT(revoked, IsOk());
  EXPECT_TRUE(revoked->revoked_now());
  EXPECT_TRUE(revoked->entitlement().revoked());
  EXPECT_TRUE(DiscountsOf(*price_at(10)).empty());
  EXPECT_FALSE(Revoke(entitlement.entitlement_id())->revoked_now());
  EXPECT_FALSE(Grant(entitlement)->granted_now());  // the id is used
  EXPECT_TRUE(DiscountsOf(*price_at(10)).empty());
  const auto unknown = Revoke(TestId(7, 9));
  EXPECT_THAT(unknown, StatusIs(absl::StatusCode::kNotFound, "ENTITLEMENT_NOT_FOUND"));
  EXPECT_EQ(GetErrorInfo(unknown.status())->metadata["entitlement_id"], TestId(7, 9));
}

TEST_F(EntitlementsTest, AnotherReplicaKnowsWithinItsRefreshInterval) {
  StartService();
  auto other = StartReplica({"--refresh-interval-ms", "50"});
  ASSERT_THAT(other, IsOk());
  const auto other_stub = other->StubOf<v1::CostingService>({});
  const auto has_discount = [&] {
    v1::QuoteRequest request;
    *request.mutable_item() = RateItem();
    const auto response = Call(*other_stub, &Service::Quote, request);
    return response.ok() && !DiscountsOf(response->quote()).empty();
  };
  ASSERT_FALSE(has_discount());
  v1::Entitlement entitlement = MakeEntitlement(1, 1);
  entitlement.set_discount("provider");
  ASSERT_THAT(Grant(entitlement), IsOk());
  SystemClock clock;
  const Duration end = clock.MonotonicNow() + std::chrono::seconds(20);
  while (!has_discount() && clock.MonotonicNow() < end) continue;
  EXPECT_TRUE(has_discount());
  ASSERT_THAT(Revoke(entitlement.entitlement_id()), IsOk());
  while (has_discount() && clock.MonotonicNow() < end) continue;
  EXPECT_FALSE(has_discount());
}

// The discounts granted now count, among those that the session named when it was opened.
TEST_F(EntitlementsTest, ASessionGoesOnWithoutADiscountThatWasRevoked) {
  StartService();
  v1::Entitlement entitlement = MakeEntitlement(1, 1);
  entitlement.set_discount("provider");
  ASSERT_THAT(Grant(entitlement), IsOk());
  v1::OpenSessionRequest open;
  open.set_session_id(TestId(5, 1));
  *open.mutable_item() = StoreItem();
  open.mutable_item()->mutable_usage()->add_discounts("provider");
  open.set_unit(type::v1::METERED_UNIT_BYTES);
  open.set_wanted_units(10 << 20);
  const auto opened = Call(*stub_, &Service::OpenSession, open);
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(DiscountsOf(opened->grant()), std::vector<std::string>{"provider"});
  ASSERT_THAT(Revoke(entitlement.entitlement_id()), IsOk());
  v1::UpdateSessionRequest update;
  *update.mutable_grant() = opened->grant().signed_quote();
  update.set_used_units(10 << 20);
  update.set_wanted_units(10 << 20);
  const auto updated = Call(*stub_, &Service::UpdateSession, update);
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(DiscountsOf(updated->settlement()), std::vector<std::string>{"provider"});
  EXPECT_TRUE(DiscountsOf(updated->grant()).empty());
  EXPECT_GT(updated->grant().terms().network_microjoules(),
            updated->settlement().terms().network_microjoules());
}

TEST_F(EntitlementsTest, BadGrantsNameTheField) {
  StartService();
  const auto refused = [&](const std::string& field,
                           const std::function<void(v1::Entitlement&)>& change) {
    v1::Entitlement entitlement = MakeEntitlement(1, 1);
    entitlement.set_discount("provider");
    change(entitlement);
    const absl::Status status = Grant(entitlement).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID")) << field;
    EXPECT_EQ(GetErrorInfo(status)->metadata["field"], field);
  };
  refused("entitlement_id", [](auto& e) { e.clear_entitlement_id(); });
  refused("member_id", [](auto& e) { e.set_member_id("somebody"); });
  refused("discount", [](auto& e) { e.clear_discount(); });
  refused("discount", [](auto& e) { e.set_discount("cousin"); });
  refused("tariff_name", [](auto& e) { e.set_tariff_name("constants"); });
  refused("start_time", [](auto& e) { e.clear_start_time(); });
  refused("end_time", [](auto& e) { *e.mutable_end_time() = e.start_time(); });
  v1::Entitlement entitlement = MakeEntitlement(1, 1);
  entitlement.set_tariff_name("free_beer");
  EXPECT_THAT(Grant(entitlement), StatusIs(absl::StatusCode::kNotFound, "TARIFF_NOT_FOUND"));
  entitlement.set_discount("provider");
  ASSERT_THAT(Grant(entitlement), IsOk());
  entitlement.set_discount("founder");
  const absl::Status status = Grant(entitlement).status();
  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kAlreadyExists, "ID_EXISTS_WITH_DIFFERENT_CONTENT"));
  EXPECT_EQ(GetErrorInfo(status)->metadata["field"], "discount");
}

TEST_F(EntitlementsTest, AreListedInTheOrderOfTheirCommits) {
  StartService();
  for (int number = 1; number <= 5; ++number) {
    v1::Entitlement entitlement = MakeEntitlement(number, number % 2 + 1);
    entitlement.set_discount("provider");
    ASSERT_THAT(Grant(entitlement), IsOk());
  }
  ASSERT_THAT(Revoke(TestId(7, 2)), IsOk());
  v1::ListEntitlementsRequest list;
  list.set_page_size(4);
  std::vector<std::string> ids;
  do {
    const auto page = Call(*stub_, &Service::ListEntitlements, list);
    ASSERT_THAT(page, IsOk());
    for (const auto& entitlement : page->entitlements()) {
      ids.push_back(entitlement.entitlement_id());
      EXPECT_EQ(entitlement.revoked(), ids.size() == 6);
      EXPECT_EQ(entitlement.has_end_time(), entitlement.revoked());
    }
    list.set_page_token(page->next_page_token());
  } while (!list.page_token().empty());
  EXPECT_EQ(ids, (std::vector<std::string>{TestId(7, 1), TestId(7, 2), TestId(7, 3), TestId(7, 4),
                                           TestId(7, 5), TestId(7, 2)}));
  list.Clear();
  list.set_member_id(MemberId(1));
  const auto own = Call(*stub_, &Service::ListEntitlements, list);
  ASSERT_THAT(own, IsOk());
  EXPECT_EQ(own->entitlements_size(), 3);  // 2, 4, and that 2 was revoked
}

// A writer that was stopped between its row and its commit holds the order: nothing gets a place
// behind its row before the row is there.
TEST_F(EntitlementsTest, APageOfEntitlementsNeverLosesARow) {
  StartService();
  const auto listed = [&] {
    std::string numbers;
    const auto page = Call(*stub_, &Service::ListEntitlements, v1::ListEntitlementsRequest());
    EXPECT_THAT(page, IsOk());
    for (const auto& record : page->entitlements()) numbers += record.entitlement_id().back();
    return numbers;
  };
  pqxx::connection session(connection_);
  pqxx::work paused(session);
  paused.exec(sql::kLockEntitlements);
  paused.exec_params(sql::kInsertEntitlement, TestId(7, 1), false, MemberId(1), 1, "provider", 0,
                     std::optional<int64_t>(), 0);
  v1::GrantEntitlementRequest grant;
  *grant.mutable_entitlement() = MakeEntitlement(2, 2);
  grant.mutable_entitlement()->set_discount("provider");
  EXPECT_EQ(
      Call(*stub_, &Service::GrantEntitlement, grant, "", std::chrono::seconds(1)).status().code(),
      absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(listed(), "");
  paused.commit();
  ASSERT_THAT(Call(*stub_, &Service::GrantEntitlement, grant), IsOk());
  EXPECT_EQ(listed(), "12");
}

// A record written by hand changes nothing that was: the table refuses.
TEST_F(EntitlementsTest, RecordsNeverChange) {
  StartService();
  v1::Entitlement entitlement = MakeEntitlement(1, 1);
  entitlement.set_discount("provider");
  ASSERT_THAT(Grant(entitlement), IsOk());
  for (const char* statement :
       {"UPDATE costing.entitlements SET end_us = 0", "DELETE FROM costing.entitlements",
        "TRUNCATE costing.entitlements"}) {
    const auto changed =
        RunCommand({"psql", superuser_connection_, "-v", "ON_ERROR_STOP=1", "-c", statement});
    EXPECT_NE(changed.status().message().find("append-only"), std::string::npos) << statement;
  }
}

}  // namespace
}  // namespace joulebook::costing
