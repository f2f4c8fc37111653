#include "services/ledger/domain/canonical.h"

#include <string_view>

#include "services/ledger/domain/canonical_io.h"

namespace joulebook::ledger {
namespace {

constexpr std::string_view kRequestPrefix = "joulebook.ledger.v1.TransferRequest";
constexpr std::string_view kTransferPrefix = "joulebook.ledger.v1.Transfer";
constexpr std::string_view kRefusalPrefix = "joulebook.ledger.v1.RefusedTransfer";
// The parts that may follow a request's fixed part: a quote, whose length of at most 4 KiB begins
// with a byte 0, or parts that begin with a tag of their own.
constexpr uint8_t kOnceKeyTag = 1;

uint8_t Flags(const TransferRequest& request) {
  return static_cast<uint8_t>((request.linked ? 1 : 0) | (request.up_to ? 2 : 0) |
                              (request.keep_rest ? 4 : 0));
}

}  // namespace

std::string CanonicalBytes(const TransferRequest& request) {
  CanonicalWriter writer;
  writer.Text(kRequestPrefix);
  writer.Id(request.id);
  writer.Byte(static_cast<uint8_t>(request.kind));
  writer.Byte(Flags(request));
  writer.OptionalId(request.target);
  writer.OptionalId(request.debit);
  writer.OptionalId(request.credit);
  writer.Text(request.asset.view());
  writer.Int64(request.amount);
  writer.Int64(request.operation);
  writer.Int64(request.hold_ttl_ms);
  writer.Text(request.reference);
  writer.Text(request.usage.block_id);
  writer.Int64(request.usage.data_size_bytes);
  writer.Int64(request.usage.duration_s);
  writer.Int64(request.usage.redundancy);
  writer.Entries(request.metadata);
  writer.OptionalInt64(request.effective.has_value()
                           ? std::optional(request.effective->time_since_epoch().count())
                           : std::nullopt);
  writer.OptionalInt64(request.conditions.debit_available_at_least);
  writer.OptionalInt64(request.conditions.debit_version);
  writer.OptionalInt64(request.conditions.credit_version);
  if (!request.quote.empty()) writer.Text(request.quote);
  if (request.once_key.has_value()) {
    writer.Byte(kOnceKeyTag);
    writer.Id(*request.once_key);
  }
  return writer.Take();
}

std::string CanonicalBytes(const TransferRecord& record) {
  CanonicalWriter writer;
  writer.Text(record.is_committed() ? kTransferPrefix : kRefusalPrefix);
  writer.Int64(record.position);
  writer.Instant(record.recorded);
  writer.Text(CanonicalBytes(record.request));
  writer.Text(record.request.signature);
  if (!record.is_committed()) {
    writer.Int64(static_cast<int64_t>(record.result));
    return writer.Take();
  }
  writer.Id(record.debit);
  writer.Id(record.credit);
  writer.Text(record.asset.view());
  writer.Int64(record.operation);
  writer.Int64(record.moved);
  for (const Balances& b : {record.debit_after, record.credit_after}) {
    for (const int64_t value :
         {b.posted, b.reserved, b.pending, b.granted, b.earned, b.spent, b.version}) {
      writer.Int64(value);
    }
  }
  if (record.quote_id.has_value()) {
    writer.Id(*record.quote_id);
    writer.Text(record.tariff_hash);
  }
  return writer.Take();
}

}  // namespace joulebook::ledger
