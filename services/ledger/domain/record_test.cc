#include "services/ledger/domain/record.h"

#include <set>

#include "common/testing/matchers.h"
#include "services/ledger/domain/canonical.h"

namespace joulebook::ledger {
namespace {

Uuid Id(uint8_t number) {
  Uuid id;
  id.bytes[15] = number;
  return id;
}

std::vector<BookRecord> OneOfEachKind() {
  Member member;
  member.id = Id(1);
  member.public_key = std::string(32, 'k');
  member.display_name = "Ada";
  member.trial_transfer = Id(2);
  member.number = 3;
  member.registered = Time(Duration(4));
  Account account;
  account.id = Id(5);
  account.owner = Id(1);
  account.asset = AssetCode("KWH");
  account.role = AccountRole::kProvider;
  account.lower_limit = -6;
  account.requires_signature = true;
  account.metadata = {{"a", "b"}, {"c", ""}};
  account.opened = Time(Duration(7));
  ReputationChange change;
  change.command = {.id = Id(8),
                    .member = Id(1),
                    .cause = ReputationCause::kSpamDetected,
                    .quality_ppm = 9,
                    .violation_severity_ppm = 10,
                    .note = "n"};
  change.sequence = 11;
  change.recorded = Time(Duration(12));
  change.after = {13, 14, 15, 16, 17, 18, 19, 11};
  return {{20, Time(Duration(21)), member},
          {22, Time(Duration(23)), account},
          {24, Time(Duration(25)), AccountStateChange{Id(5), AccountState::kFrozen}},
          {26, Time(Duration(27)), change}};
}

TEST(BookRecord, IsReadAsItWasWritten) {
  std::set<RecordKind> kinds;
  for (const BookRecord& record : OneOfEachKind()) {
    const auto read = ParseRecord(CanonicalBytes(record));
    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(*read, record);
    kinds.insert(record.kind());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<RecordContent>);
}

TEST(BookRecord, OtherBytesAreOtherRecordsOrNone) {
  for (const BookRecord& record : OneOfEachKind()) {
    const std::string bytes = CanonicalBytes(record);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ 1);
      const auto read = ParseRecord(changed);
      EXPECT_TRUE(!read.ok() || *read != record) << i;
      EXPECT_FALSE(ParseRecord(bytes.substr(0, i)).ok()) << i;
    }
    EXPECT_FALSE(ParseRecord(bytes + '\0').ok());
  }
}

TEST(BookRecord, NoTransferLooksLikeOneAndNoRefusalLikeATransfer) {
  TransferRecord committed;
  TransferRecord refused = committed;
  refused.result = ResultCode::kExceedsAvailable;
  EXPECT_FALSE(ParseRecord(CanonicalBytes(committed)).ok());
  EXPECT_FALSE(ParseRecord(CanonicalBytes(refused)).ok());
  EXPECT_NE(CanonicalBytes(committed), CanonicalBytes(refused));
  TransferRecord other = refused;
  other.result = ResultCode::kExceedsHold;
  EXPECT_NE(CanonicalBytes(other), CanonicalBytes(refused));
}

}  // namespace
}  // namespace joulebook::ledger
