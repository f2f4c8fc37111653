#include "services/ledger/store/rows.h"

#include <nlohmann/json.hpp>

#include "common/status/check.h"

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
  std::string Bytes() { return FromByteaText(Text()); }
  AssetCode Code() { return AssetCode(Text()); }
  bool Bool() { return row_[next_++].as<bool>(); }
  Time Instant() { return FromMicros(Int()); }
  Metadata Json() {
    const std::string text = Text();
    return text.empty() ? Metadata() : nlohmann::json::parse(text).get<Metadata>();
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
  Balances AfterBalances() {
    Balances balances;
    balances.posted = Int();
    balances.reserved = Int();
    balances.pending = Int();
    balances.granted = Int();
    balances.spent = Int();
    balances.version = Int();
    balances.earned = balances.posted - balances.granted + balances.spent;
    return balances;
  }

 private:
  const pqxx::row& row_;
  pqxx::row::size_type next_ = 0;
};

// Adds a row's fields one after the other.
class RowWriter {
 public:
  explicit RowWriter(Columns& columns) : columns_(columns) {}
  ~RowWriter() { JB_CHECK(next_ == columns_.size()); }

  template <typename T>
  void Add(const T& value) {
    columns_[next_++].Add(value);
  }
  template <typename E>
  void AddEnum(E value) {
    columns_[next_++].Add(static_cast<int64_t>(value));
  }
  void Text(std::string_view value) { columns_[next_++].AddText(value); }
  void Bytes(std::string_view value) { columns_[next_++].AddBytes(value); }
  void Instant(Time value) { Add(ToMicros(value)); }
  // The column is NULL for the value that means "not given".
  void IntOrNull(int64_t value) {
    value == 0 ? columns_[next_++].AddNull() : columns_[next_++].Add(value);
  }
  void TextOrNull(std::string_view value) {
    value.empty() ? columns_[next_++].AddNull() : columns_[next_++].AddText(value);
  }
  void BytesOrNull(std::string_view value) {
    value.empty() ? columns_[next_++].AddNull() : columns_[next_++].AddBytes(value);
  }
  void Json(const Metadata& metadata) { Text(nlohmann::json(metadata).dump()); }
  void AfterBalances(const Balances& balances) {
    for (const int64_t value : {balances.posted, balances.reserved, balances.pending,
                                balances.granted, balances.spent, balances.version}) {
      Add(value);
    }
  }

 private:
  Columns& columns_;
  std::size_t next_ = 0;
};

int64_t FlagsOf(const TransferRequest& request) {
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

void AddBalances(const Balances& b, RowWriter& writer) {
  for (const int64_t value :
       {b.posted, b.reserved, b.pending, b.granted, b.earned, b.spent, b.version}) {
    writer.Add(value);
  }
}

}  // namespace

int64_t ToMicros(Time time) { return time.time_since_epoch().count(); }
Time FromMicros(int64_t micros) { return Time(Duration(micros)); }

Uuid ReadUuid(const pqxx::field& field) {
  const auto uuid = Uuid::Parse({field.c_str(), field.size()});
  JB_CHECK(uuid.has_value());
  return *uuid;
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
  Balances& balances = account.balances;
  for (int64_t* value : {&balances.posted, &balances.reserved, &balances.pending, &balances.granted,
                         &balances.earned, &balances.spent, &balances.version}) {
    *value = reader.Int();
  }
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
  return hold;
}

TransferRecord ReadTransfer(const pqxx::row& row) {
  RowReader reader(row);
  TransferRecord record;
  TransferRequest& request = record.request;
  request.id = reader.Id();
  record.position = reader.OptionalInt().value_or(0);
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
  return record;
}

void AddRow(const Member& member, Columns& columns) {
  RowWriter writer(columns);
  writer.Add(member.id);
  writer.Bytes(member.public_key);
  writer.Text(member.display_name);
  writer.Add(member.trial_transfer);
  writer.Add(member.number);
  writer.Instant(member.registered);
  const Reputation& r = member.reputation;
  for (const int64_t value :
       {int64_t{r.overall_ppm}, int64_t{r.quality_ppm}, int64_t{r.contribution_ppm},
        int64_t{r.behavior_ppm}, int64_t{r.social_ppm}, int64_t{r.violations}, r.severity_sum_ppm,
        r.changes}) {
    writer.Add(value);
  }
}

void AddRow(const Account& account, Columns& columns) {
  RowWriter writer(columns);
  writer.Add(account.id);
  writer.Add(account.owner);
  writer.Text(account.asset.view());
  writer.AddEnum(account.role);
  writer.Add(account.lower_limit);
  writer.Add(account.upper_limit);
  writer.AddEnum(account.state);
  writer.Text(account.requires_signature ? "t" : "f");
  writer.Json(account.metadata);
  writer.Instant(account.opened);
  AddBalances(account.balances, writer);
}

void AddBalancesRow(const Account& account, Columns& columns) {
  RowWriter writer(columns);
  writer.Add(account.id);
  AddBalances(account.balances, writer);
}

void AddRow(const Hold& hold, Columns& columns) {
  RowWriter writer(columns);
  writer.Add(hold.id);
  writer.Add(hold.debit);
  writer.Add(hold.credit);
  writer.Text(hold.asset.view());
  writer.Add(int64_t{hold.operation});
  writer.Add(hold.amount);
  writer.Add(hold.remaining);
  writer.AddEnum(hold.state);
  writer.Instant(hold.expires);
}

void AddRow(const TransferRecord& record, Columns& columns) {
  const TransferRequest& request = record.request;
  RowWriter writer(columns);
  writer.Add(request.id);
  writer.IntOrNull(record.position);
  writer.Instant(record.recorded);
  writer.AddEnum(record.result);
  writer.AddEnum(request.kind);
  writer.Add(FlagsOf(request));
  writer.Add(record.debit);
  writer.Add(record.credit);
  writer.Text(record.asset.view());
  writer.Add(int64_t{record.operation});
  writer.Add(request.amount);
  writer.Add(record.moved);
  writer.AfterBalances(record.debit_after);
  writer.AfterBalances(record.credit_after);
  writer.Add(request.target);
  writer.IntOrNull(request.hold_ttl_ms);
  writer.TextOrNull(request.reference);
  writer.BytesOrNull(request.usage.block_id);
  writer.IntOrNull(request.usage.data_size_bytes);
  writer.IntOrNull(request.usage.duration_s);
  writer.IntOrNull(request.usage.redundancy);
  request.metadata.empty() ? writer.TextOrNull("") : writer.Json(request.metadata);
  writer.Add(request.effective.has_value() ? std::optional(ToMicros(*request.effective))
                                           : std::nullopt);
  writer.Add(request.conditions.debit_available_at_least);
  writer.Add(request.conditions.debit_version);
  writer.Add(request.conditions.credit_version);
  writer.BytesOrNull(request.signature);
}

}  // namespace joulebook::ledger
