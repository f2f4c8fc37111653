// Members, accounts, holds and their requests between proto and domain. Parsing checks the shape
// and names the field: INVALID_ARGUMENT, FIELD_INVALID.
#pragma once

#include "joulebook/ledger/v1/ledger_service.pb.h"
#include "services/ledger/domain/decide_member.h"
#include "services/ledger/store/store.h"

namespace joulebook::ledger {

absl::StatusOr<Uuid> ParseId(std::string_view field, std::string_view text);
// Ids that a client chooses are neither nil nor max.
absl::StatusOr<Uuid> ParseNewId(std::string_view field, std::string_view text);
absl::StatusOr<std::optional<Uuid>> ParseOptionalId(std::string_view field, std::string_view text);
absl::StatusOr<Time> ParseTime(std::string_view field, const google::protobuf::Timestamp& time);

absl::StatusOr<RegisterMemberCommand> FromProto(const v1::RegisterMemberRequest& request);
absl::StatusOr<CreateAccountCommand> FromProto(const v1::CreateAccountRequest& request);
absl::StatusOr<ReputationCommand> FromProto(const v1::RecordReputationChangeRequest& request);
absl::StatusOr<TransferFilter> FromProto(const v1::ListTransfersRequest& request);
absl::StatusOr<TransferFilter> FromProto(const v1::ListStatementLinesRequest& request);

// Whether the command opens an account of the network's own, which needs an admin.
bool NeedsAdmin(const CreateAccountCommand& command);
// Whether the command opens an account that can give more than it was given, which needs an issuer.
bool NeedsIssuer(const CreateAccountCommand& command);

void ToProto(const Asset& asset, v1::Asset& proto);
void ToProto(const Member& member, v1::Member& proto);
void ToProto(const Account& account, v1::Account& proto);
void ToProto(const Hold& hold, v1::Hold& proto);
void ToProto(const ReputationChange& change, v1::ReputationChange& proto);
void ToProto(const TransferRecord& record, const Uuid& account, v1::StatementLine& proto);

}  // namespace joulebook::ledger
