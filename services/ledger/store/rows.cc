#include "services/ledger/store/rows.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "common/crypto/merkle.h"
#include "common/db/arrays.h"
#include "common/status/check.h"
#include "services/ledger/domain/canonical.h"

namespace joulebook::ledger {
namespace {

enum Flag : int {
  kLinked = 1,
  kUpTo = 2,
  kKeepRest = 4,
  kDebitGiven = 8,
  kCreditGiven = 16,
  kAssetGiven = 32,
  kOperationGiven = 64,
};

// Reads a row's fields one after the other.
class RowReader {
 public:
  explicit RowReader(const pqxx::row& row) : row_(row) {}

  int64_t Int() { return row_[next_++].as<int64_t>(); }
  template <typename T>
  T As() {
    return static_cast<T>(Int());
  }
  std::optional<int64_t> OptionalInt() {
    const pqxx::field field = row_[next_++];
    return field.is_null() ? std::nullopt : std::optional(field.as<int64_t>());
  }
  std::optional<int32_t> OptionalInt32() {
    const auto value = OptionalInt();
    return value.has_value() ? std::optional(static_cast<int32_t>(*value)) : std::nullopt;
  }
  Uuid Id() { return ReadUuid(row_[next_++]); }
  std::optional<Uuid> OptionalId() {
    const pqxx::field field = row_[next_++];
    return field.is_null() ? std::nullopt : std::optional(ReadUuid(field));
  }
  // NULL reads as empty.
  std::string Text() {
    const pqxx::field field = row_[next_++];
    return field.is_null() ? std::string() : std::string(field.c_str(), field.size());
  }
  std::string Bytes() { return ReadBytes(row_[next_++]); }
  AssetCode Code() { return AssetCode(Text()); }
  bool Bool() { return row_[next_++].as<bool>(); }
  Time Instant() { return FromMicros(Int()); }
  // A text that was never written reads as metadata that cannot be: a key has a byte or more.
  Metadata Json() {
    const std::string text = Text();
    if (text.empty()) return {};
    const auto json = nlohmann::json::parse(text, nullptr, false);
    const bool is_metadata = json.is_object() && std::all_of(json.begin(), json.end(),
                                                             [](auto& v) { return v.is_string(); });
    return is_metadata ? json.get<Metadata>() : Metadata{{"", text}};
  }
  // All but the count of changes, which the tables hold in different ways.
  Reputation ReputationValues() {
    Reputation reputation;
    reputation.overall_ppm = As<int32_t>();
    reputation.quality_ppm = As<int32_t>();
    reputation.contribution_ppm = As<int32_t>();
    reputation.behavior_ppm = As<int32_t>();
    reputation.social_ppm = As<int32_t>();
    reputation.violations = As<int32_t>();
    reputation.severity_sum_ppm = Int();
    return reputation;
  }
  OnceKeyHolder KeyHolder() {
    OnceKeyHolder holder;
    holder.id = Id();
    holder.transfer = Id();
    holder.is_done = Bool();
    return holder;
  }
  Balances AfterBalances() {
    Balances balances;
    for (int64_t* value : {&balances.posted, &balances.reserved, &balances.pending,
                           &balances.granted, &balances.spent, &balances.version}) {
      *value = OptionalInt().value_or(0);  // NULL before the first transfer
    }
    // Wraps only in a row that was changed by hand, which the check of the books names.
    balances.earned = static_cast<int64_t>(static_cast<uint64_t>(balances.posted) -
                                           static_cast<uint64_t>(balances.granted) +
                                           static_cast<uint64_t>(balances.spent));
    return balances;
  }

 private:
  const pqxx::row& row_;
  pqxx::row::size_type next_ = 0;
};

// Columns that are NULL for the value that means "not given".
void BigintOrNull(int64_t value, BinaryRows& rows) {
  value == 0 ? rows.Null() : rows.Bigint(value);
}
void TextOrNull(std::string_view value, BinaryRows& rows) {
  value.empty() ? rows.Null() : rows.Text(value);
}
void BytesOrNull(std::string_view value, BinaryRows& rows) {
  value.empty() ? rows.Null() : rows.Bytes(value);
}

template <typename E>
void AddEnum(E value, BinaryRows& rows) {
  rows.Smallint(static_cast<int16_t>(value));
}

std::string ToJson(const Metadata& metadata) { return nlohmann::json(metadata).dump(); }

void AddReputation(const Reputation& r, BinaryRows& rows) {
  for (const int32_t value : {r.overall_ppm, r.quality_ppm, r.contribution_ppm, r.behavior_ppm,
                              r.social_ppm, r.violations}) {
    rows.Integer(value);
  }
  rows.Bigint(r.severity_sum_ppm);
}

void AddBalances(const Balances& b, BinaryRows& rows) {
  for (const int64_t value : {b.posted, b.reserved, b.pending, b.granted, b.spent, b.version}) {
    rows.Bigint(value);
  }
}

int FlagsOf(const TransferRequest& request) {
  return (request.linked ? kLinked : 0) | (request.up_to ? kUpTo : 0) |
         (request.keep_rest ? kKeepRest : 0) | (request.debit.has_value() ? kDebitGiven : 0) |
         (request.credit.has_value() ? kCreditGiven : 0) |
         (request.asset.empty() ? 0 : kAssetGiven) | (request.operation == 0 ? 0 : kOperationGiven);
}

void SetFlags(int64_t flags, const TransferRecord& record, TransferRequest& request) {
  request.linked = (flags & kLinked) != 0;
  request.up_to = (flags & kUpTo) != 0;
  request.keep_rest = (flags & kKeepRest) != 0;
  if ((flags & kDebitGiven) != 0) request.debit = record.debit;
  if ((flags & kCreditGiven) != 0) request.credit = record.credit;
  if ((flags & kAssetGiven) != 0) request.asset = record.asset;
  if ((flags & kOperationGiven) != 0) request.operation = record.operation;
}

}  // namespace

int64_t NumberIn(const std::string& text) {
  int64_t value = 0;
  static_cast<void>(absl::SimpleAtoi(text, &value));
  return value;
}

int64_t ToMicros(Time time) { return time.time_since_epoch().count(); }
Time FromMicros(int64_t micros) { return Time(Duration(micros)); }

Uuid ReadUuid(const pqxx::field& field) {
  const auto uuid = Uuid::Parse({field.c_str(), field.size()});
  JB_CHECK(uuid.has_value());
  return *uuid;
}

std::string ReadBytes(const pqxx::field& field) {
  return FromByteaText({field.c_str(), field.size()});
}

Asset ReadAsset(const pqxx::row& row) {
  RowReader reader(row);
  Asset asset;
  asset.code = reader.Code();
  asset.scale = reader.As<int>();
  asset.kind = reader.As<AssetKind>();
  return asset;
}

Member ReadMember(const pqxx::row& row) {
  RowReader reader(row);
  Member member;
  member.id = reader.Id();
  member.public_key = reader.Bytes();
  member.display_name = reader.Text();
  member.trial_transfer = reader.Id();
  member.number = reader.Int();
  member.registered = reader.Instant();
  member.reputation = reader.ReputationValues();
  member.reputation.changes = reader.Int();
  return member;
}

ReputationChange ReadReputationChange(const pqxx::row& row) {
  RowReader reader(row);
  ReputationChange change;
  ReputationCommand& command = change.command;
  command.id = reader.Id();
  command.member = reader.Id();
  change.sequence = reader.Int();
  change.recorded = reader.Instant();
  command.cause = reader.As<ReputationCause>();
  command.quality_ppm = reader.OptionalInt32();
  command.contribution_ppm = reader.OptionalInt32();
  command.behavior_ppm = reader.OptionalInt32();
  command.social_ppm = reader.OptionalInt32();
  command.violation_severity_ppm = reader.OptionalInt32();
  command.note = reader.Text();
  change.after = reader.ReputationValues();
  change.after.changes = change.sequence;
  return change;
}

Account ReadAccount(const pqxx::row& row) {
  RowReader reader(row);
  Account account;
  account.id = reader.Id();
  account.owner = reader.OptionalId();
  account.asset = reader.Code();
  account.role = reader.As<AccountRole>();
  account.lower_limit = reader.OptionalInt();
  account.upper_limit = reader.OptionalInt();
  account.state = reader.As<AccountState>();
  account.requires_signature = reader.Bool();
  account.metadata = reader.Json();
  account.opened = reader.Instant();
  account.balances = reader.AfterBalances();
  return account;
}

Hold ReadHold(const pqxx::row& row) {
  RowReader reader(row);
  Hold hold;
  hold.id = reader.Id();
  hold.debit = reader.Id();
  hold.credit = reader.Id();
  hold.asset = reader.Code();
  hold.operation = reader.As<int>();
  hold.amount = reader.Int();
  hold.remaining = reader.Int();
  hold.state = reader.As<HoldState>();
  hold.expires = reader.Instant();
  hold.quote_id = reader.OptionalId();
  hold.tariff_hash = reader.Bytes();
  hold.once_key = reader.OptionalId();
  hold.priced.needs_settlement = reader.Bool();
  hold.priced.data_size_bytes = reader.OptionalInt().value_or(0);
  hold.priced.duration_s = reader.OptionalInt().value_or(0);
  hold.priced.redundancy = reader.OptionalInt32().value_or(0);
  return hold;
}

OnceKeyHolder ReadOnceKeyHolder(const pqxx::row& row) { return RowReader(row).KeyHolder(); }

OnceUse ReadOnceUse(const pqxx::row& row) {
  RowReader reader(row);
  OnceUse use;
  use.holder = reader.KeyHolder();
  use.debit = reader.Id();
  use.credit = reader.Id();
  use.asset = reader.Code();
  use.amount = reader.Int();
  use.operation = reader.As<int>();
  return use;
}

TransferRecord ReadTransfer(const pqxx::row& row) {
  RowReader reader(row);
  TransferRecord record;
  TransferRequest& request = record.request;
  request.id = reader.Id();
  record.position = reader.Int();
  record.recorded = reader.Instant();
  record.result = reader.As<ResultCode>();
  request.kind = reader.As<TransferKind>();
  const int64_t flags = reader.Int();
  record.debit = reader.Id();
  record.credit = reader.Id();
  record.asset = reader.Code();
  record.operation = reader.As<int>();
  SetFlags(flags, record, request);
  request.amount = reader.Int();
  record.moved = reader.Int();
  record.debit_after = reader.AfterBalances();
  record.credit_after = reader.AfterBalances();
  request.target = reader.OptionalId();
  request.hold_ttl_ms = reader.OptionalInt().value_or(0);
  request.reference = reader.Text();
  request.usage.block_id = reader.Bytes();
  request.usage.data_size_bytes = reader.OptionalInt().value_or(0);
  request.usage.duration_s = reader.OptionalInt().value_or(0);
  request.usage.redundancy = reader.OptionalInt32().value_or(0);
  request.metadata = reader.Json();
  const auto effective = reader.OptionalInt();
  if (effective.has_value()) request.effective = FromMicros(*effective);
  request.conditions.debit_available_at_least = reader.OptionalInt();
  request.conditions.debit_version = reader.OptionalInt();
  request.conditions.credit_version = reader.OptionalInt();
  request.signature = reader.Bytes();
  record.leaf_hash = reader.Bytes();
  request.quote = reader.Bytes();
  record.quote_id = reader.OptionalId();
  record.tariff_hash = reader.Bytes();
  request.once_key = reader.OptionalId();
  return record;
}

void AddRow(const Member& member, BinaryRows& rows) {
  rows.BeginRow();
  rows.Id(member.id);
  rows.Bytes(member.public_key);
  rows.Text(member.display_name);
  rows.Id(member.trial_transfer);
  rows.Bigint(member.number);
  rows.Bigint(ToMicros(member.registered));
  AddReputation(member.reputation, rows);
  rows.Bigint(member.reputation.changes);
}

void AddReputationRow(const Member& member, BinaryRows& rows) {
  rows.BeginRow();
  rows.Id(member.id);
  AddReputation(member.reputation, rows);
  rows.Bigint(member.reputation.changes);
}

void AddRow(const ReputationChange& change, BinaryRows& rows) {
  const ReputationCommand& command = change.command;
  rows.BeginRow();
  rows.Id(command.id);
  rows.Id(command.member);
  rows.Bigint(change.sequence);
  rows.Bigint(ToMicros(change.recorded));
  AddEnum(command.cause, rows);
  for (const auto& value : {command.quality_ppm, command.contribution_ppm, command.behavior_ppm,
                            command.social_ppm, command.violation_severity_ppm}) {
    value.has_value() ? rows.Integer(*value) : rows.Null();
  }
  rows.Text(command.note);
  AddReputation(change.after, rows);
}

void AddRow(const Account& account, BinaryRows& rows) {
  rows.BeginRow();
  rows.Id(account.id);
  rows.Id(account.owner);
  rows.Text(account.asset.view());
  AddEnum(account.role, rows);
  rows.Bigint(account.lower_limit);
  rows.Bigint(account.upper_limit);
  AddEnum(account.state, rows);
  rows.Boolean(account.requires_signature);
  rows.Jsonb(ToJson(account.metadata));
  rows.Bigint(ToMicros(account.opened));
}

void AddStateRow(const Account& account, BinaryRows& rows) {
  rows.BeginRow();
  rows.Id(account.id);
  AddEnum(account.state, rows);
}

void AddRow(const Hold& hold, BinaryRows& rows) {
  rows.BeginRow();
  rows.Id(hold.id);
  rows.Id(hold.debit);
  rows.Id(hold.credit);
  rows.Text(hold.asset.view());
  AddEnum(hold.operation, rows);
  rows.Bigint(hold.amount);
  rows.Bigint(hold.remaining);
  AddEnum(hold.state, rows);
  rows.Bigint(ToMicros(hold.expires));
  rows.Id(hold.quote_id);
  BytesOrNull(hold.tariff_hash, rows);
  rows.Id(hold.once_key);
  rows.Boolean(hold.priced.needs_settlement);
  BigintOrNull(hold.priced.data_size_bytes, rows);
  BigintOrNull(hold.priced.duration_s, rows);
  hold.priced.redundancy == 0 ? rows.Null() : rows.Integer(hold.priced.redundancy);
}

std::string LeafHash(const TransferRecord& record) {
  if (!record.leaf_hash.empty()) return record.leaf_hash;
  return std::string(AsBytes(MerkleLeafHash(CanonicalBytes(record))));
}

void AddRow(const TransferRecord& record, BinaryRows& rows) {
  const TransferRequest& request = record.request;
  rows.BeginRow();
  rows.Id(request.id);
  rows.Bigint(record.position);
  rows.Bigint(ToMicros(record.recorded));
  AddEnum(record.result, rows);
  AddEnum(request.kind, rows);
  AddEnum(FlagsOf(request), rows);
  rows.Id(record.debit);
  rows.Id(record.credit);
  rows.Text(record.asset.view());
  AddEnum(record.operation, rows);
  rows.Bigint(request.amount);
  rows.Bigint(record.moved);
  AddBalances(record.debit_after, rows);
  AddBalances(record.credit_after, rows);
  rows.Id(request.target);
  BigintOrNull(request.hold_ttl_ms, rows);
  TextOrNull(request.reference, rows);
  TextOrNull(request.usage.block_id, rows);
  BigintOrNull(request.usage.data_size_bytes, rows);
  BigintOrNull(request.usage.duration_s, rows);
  request.usage.redundancy == 0 ? rows.Null() : AddEnum(request.usage.redundancy, rows);
  request.metadata.empty() ? rows.Null() : rows.Jsonb(ToJson(request.metadata));
  request.effective.has_value() ? rows.Bigint(ToMicros(*request.effective)) : rows.Null();
  rows.Bigint(request.conditions.debit_available_at_least);
  rows.Bigint(request.conditions.debit_version);
  rows.Bigint(request.conditions.credit_version);
  TextOrNull(request.signature, rows);
  rows.Bytes(LeafHash(record));
  BytesOrNull(request.quote, rows);
  rows.Id(record.quote_id);
  BytesOrNull(record.tariff_hash, rows);
  rows.Id(request.once_key);
}

void AddLoneRow(const TransferRecord& record, std::string_view expected_head, BinaryRows& rows) {
  AddRow(record, rows);
  rows.Bytes(expected_head);
}

void AddRow(const BookRecord& record, BinaryRows& rows) {
  const std::string content = CanonicalBytes(record);
  rows.BeginRow();
  rows.Bigint(record.position);
  rows.Bigint(ToMicros(record.recorded));
  AddEnum(record.kind(), rows);
  rows.Id(record.subject());
  rows.Bytes(content);
  rows.Bytes(AsBytes(MerkleLeafHash(content)));
}

}  // namespace joulebook::ledger
