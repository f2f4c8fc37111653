// Any bytes as a PostTransfersRequest: decoded, parsed, decided against an empty book, never a
// crash; and what parses has canonical bytes that differ when the amount does. The same bytes as a
// committed Transfer: what is read from it has a leaf, and comes back the same.

#include <cstdint>

#include "common/status/check.h"
#include "joulebook/ledger/v1/ledger_service.pb.h"
#include "services/ledger/domain/canonical.h"
#include "services/ledger/rpc/convert_transfer.h"

namespace {

void CheckTransfer(const uint8_t* data, size_t size) {
  using namespace joulebook::ledger;
  v1::Transfer proto;
  if (!proto.ParseFromArray(data, static_cast<int>(size))) return;
  const auto record = FromProto(proto);
  if (!record.ok()) return;
  v1::Transfer written;
  ToProto(*record, written);
  const auto again = FromProto(written);
  JB_CHECK(again.ok() && CanonicalBytes(*again) == CanonicalBytes(*record));
  TransferRecord other = *record;
  other.moved ^= 1;
  JB_CHECK(CanonicalBytes(other) != CanonicalBytes(*record));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace joulebook::ledger;
  CheckTransfer(data, size);
  v1::PostTransfersRequest request;
  if (!request.ParseFromArray(data, static_cast<int>(size)) || request.transfers_size() == 0) {
    return 0;
  }
  const auto items = ToItems(
      request.transfers(), [](const auto&) { return true; }, true);
  for (const TransferItem& item : items) {
    TransferRequest other = item.request;
    other.amount ^= 1;
    JB_CHECK(CanonicalBytes(other) != CanonicalBytes(item.request));
  }
  BookView view;
  Changes changes;
  const auto outcomes = DecideTransfers(
      items, [](auto, auto, auto) { return false; }, view, changes);
  JB_CHECK(outcomes.size() == items.size());
  for (const auto& outcome : outcomes) JB_CHECK(!outcome.is_committed());
  return 0;
}
