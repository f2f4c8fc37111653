#include "tools/metered_day/ledger_client.h"

#include "common/rpc/status_conversion.h"

namespace joulebook::metered_day {
namespace {

constexpr Duration kCallTimeout = std::chrono::seconds(30);
constexpr Duration kStreamTimeout = std::chrono::hours(1);
constexpr int kPageSize = 1'000;

}  // namespace

LedgerClient::LedgerClient(const ClientOptions& options, std::string token)
    : stub_(ledger::v1::LedgerService::NewStub(MakeChannel(options))), token_(std::move(token)) {}

absl::Status LedgerClient::RegisterMember(const std::string& id, const std::string& name) {
  ledger::v1::RegisterMemberRequest request;
  ledger::v1::RegisterMemberResponse response;
  request.set_member_id(id);
  request.set_display_name(name);
  grpc::ClientContext context;
  PrepareCall(context, kCallTimeout, token_);
  return FromGrpcStatus(stub_->RegisterMember(&context, request, &response));
}

absl::Status LedgerClient::SetReputation(const std::string& change_id, const std::string& member_id,
                                         int32_t ppm) {
  ledger::v1::RecordReputationChangeRequest request;
  ledger::v1::RecordReputationChangeResponse response;
  request.set_change_id(change_id);
  request.set_member_id(member_id);
  request.set_cause(ledger::v1::REPUTATION_CAUSE_CORRECTION);
  request.set_quality_ppm(ppm);
  request.set_contribution_ppm(ppm);
  request.set_behavior_ppm(ppm);
  request.set_social_ppm(ppm);
  grpc::ClientContext context;
  PrepareCall(context, kCallTimeout, token_);
  return FromGrpcStatus(stub_->RecordReputationChange(&context, request, &response));
}

absl::Status LedgerClient::OpenAccount(const std::string& id, const std::string& owner,
                                       ledger::v1::AccountRole role) {
  ledger::v1::CreateAccountRequest request;
  ledger::v1::CreateAccountResponse response;
  request.set_account_id(id);
  request.set_owner_member_id(owner);
  request.set_asset_code("J");
  request.set_role(role);
  grpc::ClientContext context;
  PrepareCall(context, kCallTimeout, token_);
  return FromGrpcStatus(stub_->CreateAccount(&context, request, &response));
}

absl::Status LedgerClient::PostAll(const ledger::v1::PostTransfersRequest& request) {
  ledger::v1::PostTransfersResponse response;
  grpc::ClientContext context;
  PrepareCall(context, kCallTimeout, token_);
  JB_RETURN_IF_ERROR(FromGrpcStatus(stub_->PostTransfers(&context, request, &response)));
  for (const auto& result : response.results()) {
    if (result.code() != ledger::v1::TRANSFER_RESULT_CODE_OK) {
      return absl::InternalError(ledger::v1::TransferResultCode_Name(result.code()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<ledger::v1::Transfer> LedgerClient::GetTransfer(const std::string& id) {
  ledger::v1::GetTransferRequest request;
  ledger::v1::GetTransferResponse response;
  request.set_transfer_id(id);
  grpc::ClientContext context;
  PrepareCall(context, kCallTimeout, token_);
  JB_RETURN_IF_ERROR(FromGrpcStatus(stub_->GetTransfer(&context, request, &response)));
  return response.transfer();
}

std::unique_ptr<LedgerClient::Stream> LedgerClient::OpenStream(grpc::ClientContext& context) {
  PrepareCall(context, kStreamTimeout, token_);
  return stub_->StreamTransfers(&context);
}

absl::Status LedgerClient::VisitAccounts(
    const std::function<void(const ledger::v1::Account&)>& visit) {
  ledger::v1::ListAccountsRequest request;
  request.set_page_size(kPageSize);
  do {
    grpc::ClientContext context;
    PrepareCall(context, kCallTimeout, token_);
    ledger::v1::ListAccountsResponse page;
    JB_RETURN_IF_ERROR(FromGrpcStatus(stub_->ListAccounts(&context, request, &page)));
    for (const auto& account : page.accounts()) visit(account);
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

absl::Status LedgerClient::VisitTransfers(
    const std::function<void(const ledger::v1::Transfer&)>& visit) {
  ledger::v1::ListTransfersRequest request;
  request.set_page_size(kPageSize);
  do {
    grpc::ClientContext context;
    PrepareCall(context, kCallTimeout, token_);
    ledger::v1::ListTransfersResponse page;
    JB_RETURN_IF_ERROR(FromGrpcStatus(stub_->ListTransfers(&context, request, &page)));
    for (const auto& transfer : page.transfers()) visit(transfer);
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

}  // namespace joulebook::metered_day
