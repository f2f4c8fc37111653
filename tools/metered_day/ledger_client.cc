#include "tools/metered_day/ledger_client.h"

#include "services/ledger/client/once_key.h"

namespace joulebook::metered_day {
namespace {

using Stub = ledger::v1::LedgerService::Stub;

constexpr Duration kCallTimeout = std::chrono::seconds(30);
constexpr Duration kStreamTimeout = std::chrono::hours(1);
constexpr int kPageSize = 1'000;

}  // namespace

ledger::v1::TransferRequest MakePayment(const std::string& id, const std::string& from,
                                        const std::string& to, int64_t microjoules,
                                        const PaidEffect& effect) {
  ledger::v1::TransferRequest payment;
  payment.set_id(id);
  payment.set_kind(ledger::v1::TRANSFER_KIND_POST);
  payment.set_debit_account_id(from);
  payment.set_credit_account_id(to);
  payment.set_asset_code("J");
  payment.set_amount_minor(microjoules);
  payment.set_operation_type(type::v1::OPERATION_TYPE_ENERGY_TRANSFER);
  payment.set_reference(effect.id);
  payment.set_once_key(ledger::MakeOnceKey(effect.domain, effect.id));
  return payment;
}

LedgerClient::LedgerClient(const ClientOptions& options, std::string token)
    : stub_(ledger::v1::LedgerService::NewStub(MakeChannel(options))), token_(std::move(token)) {}

absl::Status LedgerClient::RegisterMember(const std::string& id, const std::string& name) {
  ledger::v1::RegisterMemberRequest request;
  request.set_member_id(id);
  request.set_display_name(name);
  return Call(*stub_, &Stub::RegisterMember, request, token_, kCallTimeout).status();
}

absl::Status LedgerClient::SetReputation(const std::string& change_id, const std::string& member_id,
                                         int32_t ppm) {
  ledger::v1::RecordReputationChangeRequest request;
  request.set_change_id(change_id);
  request.set_member_id(member_id);
  request.set_cause(ledger::v1::REPUTATION_CAUSE_CORRECTION);
  request.set_quality_ppm(ppm);
  request.set_contribution_ppm(ppm);
  request.set_behavior_ppm(ppm);
  request.set_social_ppm(ppm);
  return Call(*stub_, &Stub::RecordReputationChange, request, token_, kCallTimeout).status();
}

absl::Status LedgerClient::OpenAccount(const std::string& id, const std::string& owner,
                                       ledger::v1::AccountRole role) {
  ledger::v1::CreateAccountRequest request;
  request.set_account_id(id);
  request.set_owner_member_id(owner);
  request.set_asset_code("J");
  request.set_role(role);
  return Call(*stub_, &Stub::CreateAccount, request, token_, kCallTimeout).status();
}

absl::StatusOr<ledger::v1::PostTransfersResponse> LedgerClient::Post(
    const ledger::v1::PostTransfersRequest& request) {
  return Call(*stub_, &Stub::PostTransfers, request, token_, kCallTimeout);
}

absl::StatusOr<ledger::v1::Transfer> LedgerClient::GetTransfer(const std::string& id) {
  ledger::v1::GetTransferRequest request;
  request.set_transfer_id(id);
  JB_ASSIGN_OR_RETURN(const auto response,
                      Call(*stub_, &Stub::GetTransfer, request, token_, kCallTimeout));
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
    JB_ASSIGN_OR_RETURN(const auto page,
                        Call(*stub_, &Stub::ListAccounts, request, token_, kCallTimeout));
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
    JB_ASSIGN_OR_RETURN(const auto page,
                        Call(*stub_, &Stub::ListTransfers, request, token_, kCallTimeout));
    for (const auto& transfer : page.transfers()) visit(transfer);
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

}  // namespace joulebook::metered_day
