#include "services/ledger/domain/canonical.h"

#include <string_view>

namespace joulebook::ledger {
namespace {

constexpr std::string_view kRequestPrefix = "joulebook.ledger.v1.TransferRequest";
constexpr std::string_view kTransferPrefix = "joulebook.ledger.v1.Transfer";
// What may follow a request's fixed part: a quote, whose length of at most 4 KiB begins with a byte
// 0, or parts that begin with a tag of their own.
constexpr uint8_t kOnceKeyTag = 1;

class Writer {
 public:
  void Byte(uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void Int64(int64_t value) {
    char bytes[8];
    for (int i = 0; i < 8; ++i) {
      bytes[i] = static_cast<char>(static_cast<uint64_t>(value) >> (56 - 8 * i));
    }
    bytes_.append(bytes, sizeof bytes);
  }
  void Text(std::string_view text) {
    Int64(static_cast<int64_t>(text.size()));
    bytes_.append(text);
  }
  void Id(const Uuid& id) {
    bytes_.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
  }
  void OptionalId(const std::optional<Uuid>& id) {
    Byte(id.has_value());
    if (id.has_value()) Id(*id);
  }
  void OptionalInt64(const std::optional<int64_t>& value) {
    Byte(value.has_value());
    if (value.has_value()) Int64(*value);
  }
  void Balances(const ledger::Balances& b) {
    for (const int64_t value :
         {b.posted, b.reserved, b.pending, b.granted, b.earned, b.spent, b.version}) {
      Int64(value);
    }
  }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

uint8_t Flags(const TransferRequest& request) {
  return static_cast<uint8_t>((request.linked ? 1 : 0) | (request.up_to ? 2 : 0) |
                              (request.keep_rest ? 4 : 0));
}

}  // namespace

std::string CanonicalBytes(const TransferRequest& request) {
  Writer writer;
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
  writer.Int64(static_cast<int64_t>(request.metadata.size()));
  for (const auto& [key, value] : request.metadata) {
    writer.Text(key);
    writer.Text(value);
  }
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
  Writer writer;
  writer.Text(kTransferPrefix);
  writer.Int64(record.position);
  writer.Int64(record.recorded.time_since_epoch().count());
  writer.Text(CanonicalBytes(record.request));
  writer.Text(record.request.signature);
  writer.Id(record.debit);
  writer.Id(record.credit);
  writer.Text(record.asset.view());
  writer.Int64(record.operation);
  writer.Int64(record.moved);
  writer.Balances(record.debit_after);
  writer.Balances(record.credit_after);
  if (record.quote_id.has_value()) {
    writer.Id(*record.quote_id);
    writer.Text(record.tariff_hash);
  }
  return writer.Take();
}

}  // namespace joulebook::ledger
