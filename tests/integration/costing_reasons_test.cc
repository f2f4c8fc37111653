// The first reason that applies is the one that is given: each row leaves out what the row before
// was refused for.

#include <limits>

#include "tests/integration/costing_fixture.h"

namespace joulebook::costing {
namespace {

// The first reason that applies is the one that is given: each row leaves out what the row before
// was refused for.
class ReasonOrderTest : public CostingTest {
 protected:
  static void ExpectReason(const absl::Status& status, const std::string& reason,
                           const std::string& field = "") {
    auto info = GetErrorInfo(status).value_or(ErrorInfo());
    EXPECT_EQ(info.reason, reason) << status;
    EXPECT_EQ(info.metadata["field"], field) << status;
  }
};

TEST_F(ReasonOrderTest, OfAQuote) {
  StartService();
  v1::QuoteItem item = StoreItem();
  type::v1::Usage& usage = *item.mutable_usage();
  usage.mutable_time()->set_seconds(1);
  item.set_tariff_name("none");
  usage.set_redundancy(17);
  usage.clear_utility_ppm();
  usage.set_operation_type(type::v1::OperationType(99));
  item.set_provider_member_id(MemberId(2));
  usage.add_discounts("provider");
  usage.set_data_size_bytes(std::numeric_limits<int64_t>::max());
  usage.set_duration_s(std::numeric_limits<int64_t>::max());
  const auto refused = [&] { return QuoteOf(item).status(); };
  ExpectReason(refused(), "FIELD_INVALID", "usage.time");
  usage.clear_time();
  ExpectReason(refused(), "TARIFF_NOT_FOUND");
  item.clear_tariff_name();
  ExpectReason(refused(), "FIELD_INVALID", "redundancy");
  usage.set_redundancy(16);
  ExpectReason(refused(), "OPERATION_NOT_PRICED");
  usage.set_operation_type(type::v1::OPERATION_TYPE_BLOCK_STORE);
  ExpectReason(refused(), "FIELD_INVALID", "utility_ppm");
  usage.set_utility_ppm(0);
  ExpectReason(refused(), "FIELD_INVALID", "provider_member_id");
  item.clear_provider_member_id();
  ExpectReason(refused(), "NOT_ENTITLED");
  usage.clear_discounts();
  ExpectReason(refused(), "PRICE_OUT_OF_RANGE");
  usage.set_data_size_bytes(1);
  EXPECT_THAT(refused(), IsOk());
}

TEST_F(ReasonOrderTest, OfASession) {
  StartService();
  v1::OpenSessionRequest open;
  open.set_session_id(TestId(5, 1));
  *open.mutable_item() = StoreItem();
  open.set_unit(type::v1::METERED_UNIT_SECONDS);
  type::v1::Usage& usage = *open.mutable_item()->mutable_usage();
  open.mutable_item()->set_provider_member_id(MemberId(2));
  usage.add_discounts("provider");
  usage.set_count(2);
  usage.set_data_size_bytes(std::numeric_limits<int64_t>::max());
  const auto refused = [&] { return Call(*stub_, &Service::OpenSession, open).status(); };
  ExpectReason(refused(), "FIELD_INVALID", "wanted_units");
  open.set_wanted_units(std::numeric_limits<int64_t>::max());
  ExpectReason(refused(), "FIELD_INVALID", "provider_member_id");
  open.mutable_item()->clear_provider_member_id();
  ExpectReason(refused(), "NOT_ENTITLED");
  usage.clear_discounts();
  ExpectReason(refused(), "PRICE_OUT_OF_RANGE");
  usage.set_data_size_bytes(1);
  ExpectReason(refused(), "NOT_METERABLE");
  usage.set_count(1);
  EXPECT_THAT(refused(), IsOk());
}

TEST_F(ReasonOrderTest, OfWhatIsSettled) {
  StartService();
  v1::OpenSessionRequest open;
  open.set_session_id(TestId(5, 1));
  *open.mutable_item() = StoreItem();
  open.set_unit(type::v1::METERED_UNIT_SECONDS);
  open.set_wanted_units(10);
  const auto opened = Call(*stub_, &Service::OpenSession, open);
  ASSERT_THAT(opened, IsOk());
  v1::UpdateSessionRequest update;
  const auto refused = [&] { return Call(*stub_, &Service::UpdateSession, update).status(); };
  ExpectReason(refused(), "FIELD_INVALID", "used_units");
  update.set_used_units(std::numeric_limits<int64_t>::max());
  ExpectReason(refused(), "FIELD_INVALID", "wanted_units");
  update.set_wanted_units(1);
  ExpectReason(refused(), "QUOTE_INVALID");
  *update.mutable_grant() = opened->grant().signed_quote();
  ExpectReason(refused(), "EXCEEDS_QUOTE");
  v1::SettleQuoteRequest settle;
  settle.set_found_results(-1);
  const auto unsettled = [&] { return Call(*stub_, &Service::SettleQuote, settle).status(); };
  ExpectReason(unsettled(), "FIELD_INVALID", "found_results");
  settle.set_found_results(std::numeric_limits<int64_t>::max());
  ExpectReason(unsettled(), "QUOTE_INVALID");
  *settle.mutable_quote() = QuoteOf(SearchItem(10))->signed_quote();
  ExpectReason(unsettled(), "EXCEEDS_QUOTE");
}

}  // namespace
}  // namespace joulebook::costing
