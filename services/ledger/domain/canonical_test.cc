#include "services/ledger/domain/canonical.h"

#include <functional>
#include <set>

#include "common/crypto/sha256.h"
#include "common/testing/matchers.h"

namespace joulebook::ledger {
namespace {

Uuid Id(uint8_t number) {
  Uuid id;
  id.bytes[15] = number;
  return id;
}

TEST(CanonicalBytes, AreTheOnesOfTheReference) {
  TransferRequest request;
  request.id = Id(1);
  request.debit = Id(2);
  request.credit = Id(3);
  request.asset = AssetCode("J");
  request.amount = 1'000'000;
  request.operation = 24;
  request.reference = "r1";
  // The example of docs/reference/canonical-bytes.md.
  EXPECT_EQ(ToHex(Sha256(CanonicalBytes(request))),
            "234ca0af6ee7bd5b131f9cf6d20d83d9b5cdc6e3b22771c610ee6f80cc0d6289");
}

TEST(CanonicalBytes, DifferWhereverTheContentDiffers) {
  using Change = std::function<void(TransferRequest&)>;
  const Change changes[] = {
      [](TransferRequest&) {},
      [](TransferRequest& r) { r.id = Id(9); },
      [](TransferRequest& r) { r.kind = TransferKind::kReserve; },
      [](TransferRequest& r) { r.target = Id(9); },
      [](TransferRequest& r) { r.debit = Id(9); },
      [](TransferRequest& r) { r.credit = Id(9); },
      [](TransferRequest& r) { r.asset = AssetCode("J"); },
      [](TransferRequest& r) { r.amount = 1; },
      [](TransferRequest& r) { r.up_to = true; },
      [](TransferRequest& r) { r.keep_rest = true; },
      [](TransferRequest& r) { r.linked = true; },
      [](TransferRequest& r) { r.operation = 1; },
      [](TransferRequest& r) { r.hold_ttl_ms = 1; },
      [](TransferRequest& r) { r.reference = "a"; },
      [](TransferRequest& r) { r.usage.block_id = "a"; },
      [](TransferRequest& r) { r.usage.data_size_bytes = 1; },
      [](TransferRequest& r) { r.usage.duration_s = 1; },
      [](TransferRequest& r) { r.usage.redundancy = 1; },
      [](TransferRequest& r) {
        r.metadata = {{"a", "b"}};
      },
      [](TransferRequest& r) {
        r.metadata = {{"ab", ""}};
      },
      [](TransferRequest& r) {
        r.metadata = {{"", "ab"}};
      },
      [](TransferRequest& r) { r.effective = Time(); },
      [](TransferRequest& r) { r.effective = Time(Duration(1)); },
      [](TransferRequest& r) { r.conditions.debit_available_at_least = 0; },
      [](TransferRequest& r) { r.conditions.debit_version = 0; },
      [](TransferRequest& r) { r.conditions.credit_version = 0; },
      [](TransferRequest& r) { r.quote = "q"; },
      [](TransferRequest& r) { r.once_key = Uuid(); },
      [](TransferRequest& r) { r.once_key = Id(1); },
      [](TransferRequest& r) {
        r.quote = "q";
        r.once_key = Id(1);
      },
  };
  std::set<std::string> seen;
  for (const Change& change : changes) {
    TransferRequest request;
    change(request);
    EXPECT_TRUE(seen.insert(CanonicalBytes(request)).second);
  }
}

TEST(CanonicalBytes, LeaveTheSignatureOut) {
  TransferRequest request;
  const std::string unsigned_bytes = CanonicalBytes(request);
  request.signature = std::string(64, 's');
  EXPECT_EQ(CanonicalBytes(request), unsigned_bytes);
}

}  // namespace
}  // namespace joulebook::ledger
