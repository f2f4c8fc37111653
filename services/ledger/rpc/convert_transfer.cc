#include "services/ledger/rpc/convert_transfer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/timestamps.h"
#include "services/ledger/rpc/parse_quote.h"

namespace joulebook::ledger {
namespace {

// Milliseconds that a recorded hold may have to live: above any limit there will be, and 64 bits
// hold the microseconds of its expiry.
constexpr int64_t kMaxRecordedTtlMs = int64_t{1} << 52;

Conditions ConditionsOf(const v1::TransferRequest& request) {
  Conditions conditions;
  if (request.has_if_debit_available_at_least_minor()) {
    conditions.debit_available_at_least = request.if_debit_available_at_least_minor();
  }
  if (request.has_if_debit_version()) conditions.debit_version = request.if_debit_version();
  if (request.has_if_credit_version()) conditions.credit_version = request.if_credit_version();
  return conditions;
}

TransferDraft ToDraft(const v1::TransferRequest& request) {
  TransferDraft draft;
  draft.id = request.id();
  draft.kind = request.kind();
  draft.target = request.target_id();
  draft.debit = request.debit_account_id();
  draft.credit = request.credit_account_id();
  draft.asset = request.asset_code();
  draft.amount = request.amount_minor();
  draft.up_to = request.up_to();
  draft.keep_rest = request.keep_rest();
  draft.linked = request.linked();
  draft.operation = request.operation_type();
  draft.hold_ttl_ms = request.hold_ttl_ms();
  draft.reference = request.reference();
  draft.block_id = request.block_id();
  draft.data_size_bytes = request.data_size_bytes();
  draft.duration_s = request.duration_s();
  draft.redundancy = request.redundancy();
  draft.metadata = Metadata(request.metadata().begin(), request.metadata().end());
  if (request.has_effective_time()) {
    draft.effective = {request.effective_time().seconds(), request.effective_time().nanos()};
  }
  draft.conditions = ConditionsOf(request);
  draft.signature = request.signature();
  draft.once_key = request.once_key();
  if (request.has_quote()) {
    draft.quote_token = request.quote().SerializeAsString();
    draft.quote = ParseQuote(request.quote());
  }
  return draft;
}

void SetId(const std::optional<Uuid>& id, std::string& text) {
  if (id.has_value()) text = id->ToString();
}

void RequestToProto(const TransferRequest& request, v1::TransferRequest& proto) {
  proto.set_id(request.id.ToString());
  proto.set_kind(static_cast<v1::TransferKind>(request.kind));
  SetId(request.target, *proto.mutable_target_id());
  SetId(request.debit, *proto.mutable_debit_account_id());
  SetId(request.credit, *proto.mutable_credit_account_id());
  proto.set_asset_code(request.asset.ToString());
  proto.set_amount_minor(request.amount);
  proto.set_up_to(request.up_to);
  proto.set_keep_rest(request.keep_rest);
  proto.set_linked(request.linked);
  proto.set_operation_type(static_cast<type::v1::OperationType>(request.operation));
  proto.set_hold_ttl_ms(request.hold_ttl_ms);
  proto.set_reference(request.reference);
  proto.set_block_id(request.usage.block_id);
  proto.set_data_size_bytes(request.usage.data_size_bytes);
  proto.set_duration_s(request.usage.duration_s);
  proto.set_redundancy(request.usage.redundancy);
  proto.mutable_metadata()->insert(request.metadata.begin(), request.metadata.end());
  if (request.effective.has_value()) ToProto(*request.effective, *proto.mutable_effective_time());
  const Conditions& conditions = request.conditions;
  if (conditions.debit_available_at_least.has_value()) {
    proto.set_if_debit_available_at_least_minor(*conditions.debit_available_at_least);
  }
  if (conditions.debit_version.has_value()) proto.set_if_debit_version(*conditions.debit_version);
  if (conditions.credit_version.has_value()) {
    proto.set_if_credit_version(*conditions.credit_version);
  }
  proto.set_signature(request.signature);
  if (!request.quote.empty()) proto.mutable_quote()->ParseFromString(request.quote);
  if (request.once_key.has_value()) {
    proto.set_once_key(request.once_key->bytes.data(), request.once_key->bytes.size());
  }
}

Balances FromProto(const v1::Balances& proto) {
  return {.posted = proto.posted_minor(),
          .reserved = proto.reserved_minor(),
          .pending = proto.pending_minor(),
          .granted = proto.granted_minor(),
          .earned = proto.earned_minor(),
          .spent = proto.spent_minor(),
          .version = proto.version()};
}

// A quote as text forms of the proto have it, which leave unknown fields out.
std::string WithoutUnknownFields(type::v1::SignedQuote quote) {
  quote.DiscardUnknownFields();
  return quote.SerializeAsString();
}

// The quote of a record where it is more than its fields; else nothing.
std::string PaddedQuote(const TransferRequest& request) {
  type::v1::SignedQuote quote;
  quote.ParseFromString(request.quote);
  return WithoutUnknownFields(std::move(quote)) == request.quote ? "" : request.quote;
}

absl::Status Unreadable(std::string_view field) {
  return absl::InvalidArgumentError(absl::StrCat("request.", ToAbsl(field), ": cannot be read"));
}

// Absent, or a UUID.
bool ReadId(const std::string& text, std::optional<Uuid>& id) {
  id = Uuid::Parse(text);
  return id.has_value() || text.empty();
}

absl::Status ReadIdentity(const v1::TransferRequest& proto, TransferRequest& request) {
  const auto id = Uuid::Parse(proto.id());
  if (!id.has_value()) return Unreadable("id");
  if (!v1::TransferKind_IsValid(proto.kind()) || proto.kind() == v1::TRANSFER_KIND_UNSPECIFIED) {
    return Unreadable("kind");
  }
  request.id = *id;
  request.kind = static_cast<TransferKind>(proto.kind());
  if (!ReadId(proto.target_id(), request.target)) return Unreadable("target_id");
  if (!ReadId(proto.debit_account_id(), request.debit)) return Unreadable("debit_account_id");
  if (!ReadId(proto.credit_account_id(), request.credit)) return Unreadable("credit_account_id");
  if (!proto.asset_code().empty() && !AssetCode::IsValid(proto.asset_code())) {
    return Unreadable("asset_code");
  }
  request.asset = AssetCode(proto.asset_code());
  return absl::OkStatus();
}

// A request as it was recorded. A request accepted under the rules of its time stays readable
// whatever today's rules are, so none of them is asked: leaf hash and audit judge what is read.
absl::StatusOr<TransferRequest> ReadRecorded(const v1::TransferRequest& proto,
                                             const std::string& padded_quote) {
  TransferRequest request;
  JB_RETURN_IF_ERROR(ReadIdentity(proto, request));
  if (proto.hold_ttl_ms() < 0 || proto.hold_ttl_ms() > kMaxRecordedTtlMs) {
    return Unreadable("hold_ttl_ms");
  }
  if (proto.has_effective_time()) {
    request.effective = ReadTimestamp(proto.effective_time());
    if (!request.effective.has_value()) return Unreadable("effective_time");
  }
  if (!proto.once_key().empty()) {
    OnceKey& key = request.once_key.emplace();
    if (proto.once_key().size() != key.bytes.size()) return Unreadable("once_key");
    std::copy(proto.once_key().begin(), proto.once_key().end(), key.bytes.begin());
  }
  request.amount = proto.amount_minor();
  request.up_to = proto.up_to();
  request.keep_rest = proto.keep_rest();
  request.linked = proto.linked();
  request.operation = proto.operation_type();
  request.hold_ttl_ms = proto.hold_ttl_ms();
  request.reference = proto.reference();
  request.usage = {proto.block_id(), proto.data_size_bytes(), proto.duration_s(),
                   proto.redundancy()};
  request.metadata = Metadata(proto.metadata().begin(), proto.metadata().end());
  request.conditions = ConditionsOf(proto);
  request.signature = proto.signature();
  request.quote = padded_quote.empty() ? proto.quote().SerializeAsString() : padded_quote;
  type::v1::SignedQuote quote;
  if (!quote.ParseFromString(request.quote) ||
      WithoutUnknownFields(std::move(quote)) != WithoutUnknownFields(proto.quote())) {
    return Unreadable("quote");
  }
  return request;
}

}  // namespace

std::vector<TransferItem> ToItems(const TransferRequests& requests, const QuoteCheck& is_signed,
                                  bool may_issue) {
  std::vector<TransferDraft> drafts;
  drafts.reserve(static_cast<std::size_t>(requests.size()));
  for (const auto& request : requests) {
    TransferDraft& draft = drafts.emplace_back(ToDraft(request));
    draft.may_issue = may_issue;
    if (draft.quote.has_value()) draft.quote->is_signed = is_signed(request.quote());
  }
  return ParseBatch(drafts);
}

void ToProto(const TransferRequests& requests, std::span<const TransferOutcome> outcomes,
             TransferResults& results) {
  for (int i = 0; i < requests.size(); ++i) {
    const TransferOutcome& outcome = outcomes[static_cast<std::size_t>(i)];
    v1::TransferResult& result = *results.Add();
    result.set_id(requests[i].id());
    result.set_code(static_cast<v1::TransferResultCode>(outcome.code));
    result.set_position(outcome.position);
    if (outcome.recorded != Time()) ToProto(outcome.recorded, *result.mutable_recorded_time());
    result.set_moved_minor(outcome.moved);
    SetId(outcome.done_by, *result.mutable_done_by_transfer_id());
    if (requests[i].include_balances() && outcome.is_committed()) {
      ToProto(outcome.debit_after, *result.mutable_debit_balances());
      ToProto(outcome.credit_after, *result.mutable_credit_balances());
    }
  }
}

void ToProto(const TransferRecord& record, v1::Transfer& proto) {
  proto.set_position(record.position);
  ToProto(record.recorded, *proto.mutable_recorded_time());
  ToProto(record.effective(), *proto.mutable_effective_time());
  RequestToProto(record.request, *proto.mutable_request());
  proto.set_debit_account_id(record.debit.ToString());
  proto.set_credit_account_id(record.credit.ToString());
  proto.set_asset_code(record.asset.ToString());
  proto.set_moved_minor(record.moved);
  proto.set_operation_type(static_cast<type::v1::OperationType>(record.operation));
  ToProto(record.debit_after, *proto.mutable_debit_balances());
  ToProto(record.credit_after, *proto.mutable_credit_balances());
  proto.set_leaf_hash(record.leaf_hash);
  SetId(record.quote_id, *proto.mutable_quote_id());
  proto.set_tariff_hash(record.tariff_hash);
  proto.set_padded_quote(PaddedQuote(record.request));
}

void ToProto(const TransferRecord& record, v1::RefusedTransfer& proto) {
  RequestToProto(record.request, *proto.mutable_request());
  proto.set_padded_quote(PaddedQuote(record.request));
  proto.set_code(static_cast<v1::TransferResultCode>(record.result));
  ToProto(record.recorded, *proto.mutable_recorded_time());
}

absl::StatusOr<TransferRecord> FromProto(const v1::RefusedTransfer& proto) {
  JB_ASSIGN_OR_RETURN(const TransferRequest request,
                      ReadRecorded(proto.request(), proto.padded_quote()));
  const auto recorded = ReadTimestamp(proto.recorded_time());
  if (!recorded.has_value()) return absl::InvalidArgumentError("recorded_time: no valid time");
  if (proto.code() <= v1::TRANSFER_RESULT_CODE_OK || proto.code() > kMaxResultCode) {
    return absl::InvalidArgumentError("code: no refusal");
  }
  return RefusalOf(request, static_cast<ResultCode>(proto.code()), 0, *recorded);
}

absl::StatusOr<TransferRecord> FromProto(const v1::Transfer& proto) {
  TransferRecord record;
  JB_ASSIGN_OR_RETURN(record.request, ReadRecorded(proto.request(), proto.padded_quote()));
  const auto recorded = ReadTimestamp(proto.recorded_time());
  const auto debit = Uuid::Parse(proto.debit_account_id());
  const auto credit = Uuid::Parse(proto.credit_account_id());
  if (!recorded.has_value()) return absl::InvalidArgumentError("recorded_time: no valid time");
  if (!debit.has_value()) return absl::InvalidArgumentError("debit_account_id: no UUID");
  if (!credit.has_value()) return absl::InvalidArgumentError("credit_account_id: no UUID");
  if (!AssetCode::IsValid(proto.asset_code())) {
    return absl::InvalidArgumentError("asset_code: no code of an asset");
  }
  if (proto.position() <= 0) return absl::InvalidArgumentError("position: must be above 0");
  record.position = proto.position();
  record.recorded = *recorded;
  record.debit = *debit;
  record.credit = *credit;
  record.asset = AssetCode(proto.asset_code());
  record.operation = proto.operation_type();
  record.moved = proto.moved_minor();
  record.debit_after = FromProto(proto.debit_balances());
  record.credit_after = FromProto(proto.credit_balances());
  record.leaf_hash = proto.leaf_hash();
  if (!proto.quote_id().empty()) record.quote_id = Uuid::Parse(proto.quote_id());
  record.tariff_hash = proto.tariff_hash();
  return record;
}

void ToProto(const Balances& balances, v1::Balances& proto) {
  proto.set_posted_minor(balances.posted);
  proto.set_reserved_minor(balances.reserved);
  proto.set_pending_minor(balances.pending);
  proto.set_available_minor(balances.available());
  proto.set_granted_minor(balances.granted);
  proto.set_earned_minor(balances.earned);
  proto.set_spent_minor(balances.spent);
  proto.set_version(balances.version);
}

void ToProto(Time time, google::protobuf::Timestamp& proto) { SetTimestamp(time, proto); }

}  // namespace joulebook::ledger
