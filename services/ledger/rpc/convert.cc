#include "services/ledger/rpc/convert.h"

#include "common/crypto/ed25519.h"
#include "common/rpc/fields.h"
#include "services/ledger/domain/errors.h"
#include "services/ledger/domain/limits.h"
#include "services/ledger/domain/parse_transfer.h"
#include "services/ledger/rpc/convert_transfer.h"

namespace joulebook::ledger {
namespace {

void ToProto(const Reputation& reputation, v1::Reputation& proto) {
  proto.set_overall_ppm(reputation.overall_ppm);
  proto.set_quality_ppm(reputation.quality_ppm);
  proto.set_contribution_ppm(reputation.contribution_ppm);
  proto.set_behavior_ppm(reputation.behavior_ppm);
  proto.set_social_ppm(reputation.social_ppm);
  proto.set_violations(reputation.violations);
  proto.set_severity_sum_ppm(reputation.severity_sum_ppm);
}

absl::Status CheckPpm(std::string_view field, const std::optional<int32_t>& value) {
  if (!value.has_value() || (*value >= 0 && *value <= 1'000'000)) return absl::OkStatus();
  return FieldInvalid(field, "must be 0 to 1000000");
}

// The times of a listing, shared by the requests that have them.
template <typename Request>
absl::Status ParseTimes(const Request& request, TransferFilter& filter) {
  if (request.has_start_time()) {
    JB_ASSIGN_OR_RETURN(filter.start, ParseTime("start_time", request.start_time()));
  }
  if (request.has_end_time()) {
    JB_ASSIGN_OR_RETURN(filter.end, ParseTime("end_time", request.end_time()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Uuid> ParseId(std::string_view field, std::string_view text) {
  return ParseIdField(kErrorDomain, field, text);
}

absl::StatusOr<Uuid> ParseNewId(std::string_view field, std::string_view text) {
  return ParseNewIdField(kErrorDomain, field, text);
}

absl::StatusOr<std::optional<Uuid>> ParseOptionalId(std::string_view field, std::string_view text) {
  if (text.empty()) return std::nullopt;
  JB_ASSIGN_OR_RETURN(const Uuid id, ParseId(field, text));
  return id;
}

absl::StatusOr<Time> ParseTime(std::string_view field, const google::protobuf::Timestamp& time) {
  return ParseTimeField(kErrorDomain, field, time);
}

absl::StatusOr<RegisterMemberCommand> FromProto(const v1::RegisterMemberRequest& request) {
  RegisterMemberCommand command;
  JB_ASSIGN_OR_RETURN(command.id, ParseNewId("member_id", request.member_id()));
  if (!request.public_key().empty() && !IsEd25519PublicKey(request.public_key())) {
    return FieldInvalid("public_key", "must be empty or the 32 bytes of an Ed25519 public key");
  }
  if (!IsValidText(request.display_name(), kMaxDisplayNameBytes)) {
    return FieldInvalid("display_name", "must be at most 64 bytes without NUL");
  }
  command.public_key = request.public_key();
  command.display_name = request.display_name();
  return command;
}

absl::StatusOr<CreateAccountCommand> FromProto(const v1::CreateAccountRequest& request) {
  CreateAccountCommand command;
  JB_ASSIGN_OR_RETURN(command.id, ParseNewId("account_id", request.account_id()));
  JB_ASSIGN_OR_RETURN(command.owner, ParseOptionalId("owner_member_id", request.owner_member_id()));
  if (!AssetCode::IsValid(request.asset_code())) {
    return FieldInvalid("asset_code", "must be 1 to 12 characters A-Z, 0-9");
  }
  command.asset = AssetCode(request.asset_code());
  if (!v1::AccountRole_IsValid(request.role()) || request.role() == v1::ACCOUNT_ROLE_UNSPECIFIED) {
    return FieldInvalid("role", "must be a known role");
  }
  command.role = static_cast<AccountRole>(request.role());
  if (request.has_lower_limit_minor()) command.lower_limit = request.lower_limit_minor();
  if (request.has_upper_limit_minor()) command.upper_limit = request.upper_limit_minor();
  command.requires_signature = request.requires_signature();
  command.metadata = Metadata(request.metadata().begin(), request.metadata().end());
  if (!IsValidMetadata(command.metadata)) {
    return FieldInvalid("metadata",
                        "must have at most 16 entries, keys of 1 to 64 bytes, values "
                        "of at most 256 bytes, without NUL");
  }
  return command;
}

absl::StatusOr<ReputationCommand> FromProto(const v1::RecordReputationChangeRequest& request) {
  ReputationCommand command;
  JB_ASSIGN_OR_RETURN(command.id, ParseNewId("change_id", request.change_id()));
  JB_ASSIGN_OR_RETURN(command.member, ParseId("member_id", request.member_id()));
  if (!v1::ReputationCause_IsValid(request.cause()) ||
      request.cause() == v1::REPUTATION_CAUSE_UNSPECIFIED) {
    return FieldInvalid("cause", "must be a known cause");
  }
  command.cause = static_cast<ReputationCause>(request.cause());
  if (request.has_quality_ppm()) command.quality_ppm = request.quality_ppm();
  if (request.has_contribution_ppm()) command.contribution_ppm = request.contribution_ppm();
  if (request.has_behavior_ppm()) command.behavior_ppm = request.behavior_ppm();
  if (request.has_social_ppm()) command.social_ppm = request.social_ppm();
  if (request.has_violation_severity_ppm()) {
    command.violation_severity_ppm = request.violation_severity_ppm();
  }
  JB_RETURN_IF_ERROR(CheckPpm("quality_ppm", command.quality_ppm));
  JB_RETURN_IF_ERROR(CheckPpm("contribution_ppm", command.contribution_ppm));
  JB_RETURN_IF_ERROR(CheckPpm("behavior_ppm", command.behavior_ppm));
  JB_RETURN_IF_ERROR(CheckPpm("social_ppm", command.social_ppm));
  JB_RETURN_IF_ERROR(CheckPpm("violation_severity_ppm", command.violation_severity_ppm));
  if (!IsValidText(request.note(), kMaxNoteBytes)) {
    return FieldInvalid("note", "must be at most 256 bytes without NUL");
  }
  command.note = request.note();
  return command;
}

absl::StatusOr<TransferFilter> FromProto(const v1::ListTransfersRequest& request) {
  TransferFilter filter;
  JB_ASSIGN_OR_RETURN(filter.member, ParseOptionalId("member_id", request.member_id()));
  JB_ASSIGN_OR_RETURN(filter.account, ParseOptionalId("account_id", request.account_id()));
  if (!IsValidText(request.reference(), kMaxReferenceBytes)) {
    return FieldInvalid("reference", "must be at most 128 bytes without NUL");
  }
  filter.reference = request.reference();
  if (!type::v1::OperationType_IsValid(request.operation_type())) {
    return FieldInvalid("operation_type", "must be a known type");
  }
  filter.operation = request.operation_type();
  JB_RETURN_IF_ERROR(ParseTimes(request, filter));
  return filter;
}

absl::StatusOr<TransferFilter> FromProto(const v1::ListStatementLinesRequest& request) {
  TransferFilter filter;
  JB_ASSIGN_OR_RETURN(filter.account, ParseId("account_id", request.account_id()));
  JB_RETURN_IF_ERROR(ParseTimes(request, filter));
  return filter;
}

bool NeedsAdmin(const CreateAccountCommand& command) {
  return command.role != AccountRole::kMember && command.role != AccountRole::kProvider;
}

bool NeedsIssuer(const CreateAccountCommand& command) {
  return IsSourceOfValue(command.role) || command.lower_limit.value_or(0) < 0;
}

void ToProto(const Asset& asset, v1::Asset& proto) {
  proto.set_code(asset.code.ToString());
  proto.set_scale(asset.scale);
  proto.set_kind(static_cast<v1::AssetKind>(asset.kind));
}

void ToProto(const Member& member, v1::Member& proto) {
  proto.set_id(member.id.ToString());
  proto.set_public_key(member.public_key);
  proto.set_display_name(member.display_name);
  proto.set_joule_account_id(member.id.ToString());
  proto.set_trial_transfer_id(member.trial_transfer.ToString());
  ToProto(member.registered, *proto.mutable_registered_time());
  ToProto(member.reputation, *proto.mutable_reputation());
}

void ToProto(const Account& account, v1::Account& proto) {
  proto.set_id(account.id.ToString());
  if (account.owner.has_value()) proto.set_owner_member_id(account.owner->ToString());
  proto.set_asset_code(account.asset.ToString());
  proto.set_role(static_cast<v1::AccountRole>(account.role));
  if (account.lower_limit.has_value()) proto.set_lower_limit_minor(*account.lower_limit);
  if (account.upper_limit.has_value()) proto.set_upper_limit_minor(*account.upper_limit);
  proto.set_state(static_cast<v1::AccountState>(account.state));
  proto.set_requires_signature(account.requires_signature);
  proto.mutable_metadata()->insert(account.metadata.begin(), account.metadata.end());
  ToProto(account.opened, *proto.mutable_opened_time());
  ToProto(account.balances, *proto.mutable_balances());
}

void ToProto(const Hold& hold, v1::Hold& proto) {
  proto.set_id(hold.id.ToString());
  proto.set_debit_account_id(hold.debit.ToString());
  proto.set_credit_account_id(hold.credit.ToString());
  proto.set_asset_code(hold.asset.ToString());
  proto.set_amount_minor(hold.amount);
  proto.set_remaining_minor(hold.remaining);
  proto.set_state(static_cast<v1::HoldState>(hold.state));
  ToProto(hold.expires, *proto.mutable_expire_time());
  proto.set_operation_type(static_cast<type::v1::OperationType>(hold.operation));
}

void ToProto(const ReputationChange& change, v1::ReputationChange& proto) {
  const ReputationCommand& command = change.command;
  v1::RecordReputationChangeRequest& request = *proto.mutable_request();
  request.set_change_id(command.id.ToString());
  request.set_member_id(command.member.ToString());
  request.set_cause(static_cast<v1::ReputationCause>(command.cause));
  if (command.quality_ppm.has_value()) request.set_quality_ppm(*command.quality_ppm);
  if (command.contribution_ppm.has_value()) {
    request.set_contribution_ppm(*command.contribution_ppm);
  }
  if (command.behavior_ppm.has_value()) request.set_behavior_ppm(*command.behavior_ppm);
  if (command.social_ppm.has_value()) request.set_social_ppm(*command.social_ppm);
  if (command.violation_severity_ppm.has_value()) {
    request.set_violation_severity_ppm(*command.violation_severity_ppm);
  }
  request.set_note(command.note);
  proto.set_sequence(change.sequence);
  ToProto(change.recorded, *proto.mutable_recorded_time());
  ToProto(change.after, *proto.mutable_reputation());
}

void ToProto(const TransferRecord& record, const Uuid& account, v1::StatementLine& proto) {
  ToProto(record, *proto.mutable_transfer());
  const TransferKind kind = record.request.kind;
  const bool posts = kind == TransferKind::kPost || kind == TransferKind::kCharge ||
                     kind == TransferKind::kReverse;
  const bool is_debit = record.debit == account;
  if (posts) proto.set_posted_change_minor(is_debit ? -record.moved : record.moved);
  ToProto(is_debit ? record.debit_after : record.credit_after, *proto.mutable_balances());
}

}  // namespace joulebook::ledger
