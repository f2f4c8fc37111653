#include "services/costing/domain/entitlement.h"

#include "common/testing/matchers.h"
#include "services/costing/domain/tariff_fixture.h"

namespace joulebook::costing {
namespace {

using Kind = Entitlement::Kind;

Time At(int64_t second) { return Time(std::chrono::seconds(second)); }

Entitlement Discount(const std::string& name, int64_t start, std::optional<int64_t> end) {
  Entitlement entitlement{.kind = Kind::kDiscount, .name = name, .start = At(start)};
  if (end.has_value()) entitlement.end = At(*end);
  return entitlement;
}

TEST(EntitledUntil, IsHalfOpenAndTakesTheLatestEnd) {
  const std::vector<Entitlement> granted = {Discount("provider", 10, 20),
                                            Discount("provider", 15, 30),
                                            Discount("founder", 0, std::nullopt)};
  const auto until = [&](Kind kind, const char* name, int64_t second) {
    return EntitledUntil(granted, kind, name, At(second));
  };
  EXPECT_EQ(until(Kind::kDiscount, "provider", 9), std::nullopt);
  EXPECT_EQ(until(Kind::kDiscount, "provider", 10), At(20));
  EXPECT_EQ(until(Kind::kDiscount, "provider", 15), At(30));
  EXPECT_EQ(until(Kind::kDiscount, "provider", 20), At(30));
  EXPECT_EQ(until(Kind::kDiscount, "provider", 30), std::nullopt);
  EXPECT_EQ(until(Kind::kDiscount, "founder", 30), Time::max());
  EXPECT_EQ(until(Kind::kTariff, "founder", 30), std::nullopt);
}

TEST(DiscountsOf, AreThoseOfTheTariffInTheirOrder) {
  const Tariff tariff = Patched();
  const std::vector<Entitlement> granted = {Discount("provider", 0, 20), Discount("cousin", 0, 5),
                                            Discount("founder", 0, 10),
                                            Discount("provider", 0, 20)};
  EXPECT_EQ(DiscountsOf(granted, tariff, At(0)).names,
            (std::vector<std::string>{"founder", "provider"}));
  EXPECT_EQ(DiscountsOf(granted, tariff, At(0)).until, At(10));
  EXPECT_EQ(DiscountsOf(granted, tariff, At(10)).names, std::vector<std::string>{"provider"});
  EXPECT_EQ(DiscountsOf({}, tariff, At(0)).until, Time::max());
}

TEST(DecideRevocation, EndsNowOrWhereItEndedAlready) {
  const auto ended = [](const Entitlement& entitlement, int64_t now) {
    const EntitlementRecord record{.entitlement = entitlement};
    return DecideRevocation(entitlement.id, {&record, 1}, At(now))->value.entitlement.end;
  };
  EXPECT_EQ(ended(Discount("provider", 10, 20), 15), At(15));
  EXPECT_EQ(ended(Discount("provider", 10, 20), 25), At(20));
  EXPECT_EQ(ended(Discount("provider", 10, std::nullopt), 25), At(25));
  EXPECT_EQ(ended(Discount("provider", 10, std::nullopt), 5), At(10));  // it never begins
  EXPECT_THAT(DecideRevocation(Uuid(), {}, At(0)),
              StatusIs(absl::StatusCode::kNotFound, "ENTITLEMENT_NOT_FOUND"));
}

TEST(DecideGrant, NamesTheFieldThatDiffers) {
  const EntitlementRecord record{.entitlement = Discount("provider", 10, 20)};
  const auto differing = [&](const Entitlement& asked) -> std::string {
    const auto decided = DecideGrant(asked, {&record, 1}, At(0));
    if (decided.ok()) return decided->is_new ? "new" : "found";
    return GetErrorInfo(decided.status())->metadata["field"];
  };
  EXPECT_EQ(differing(Discount("provider", 10, 20)), "found");
  EXPECT_EQ(differing(Discount("founder", 10, 20)), "discount");
  EXPECT_EQ(differing(Discount("provider", 11, 20)), "start_time");
  EXPECT_EQ(differing(Discount("provider", 10, std::nullopt)), "end_time");
  Entitlement other = Discount("provider", 10, 20);
  other.member.bytes[0] = 1;
  EXPECT_EQ(differing(other), "member_id");
  EXPECT_TRUE(DecideGrant(other, {}, At(0))->is_new);
}

}  // namespace
}  // namespace joulebook::costing
