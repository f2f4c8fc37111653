#include "tools/metered_day/costing_client.h"

#include "common/crypto/sha256.h"
#include "common/rpc/status_conversion.h"
#include "common/rpc/timestamps.h"
#include "services/costing/domain/tariff_document.h"
#include "services/costing/engine/proof_of_work_hash.h"

namespace joulebook::metered_day {
namespace {

using costing::v1::CostingService;

constexpr Duration kCallTimeout = std::chrono::seconds(30);

}  // namespace

CostingClient::CostingClient(const ClientOptions& options, std::string token)
    : stub_(CostingService::NewStub(MakeChannel(options))), token_(std::move(token)) {}

absl::StatusOr<costing::v1::BatchQuoteResponse> CostingClient::Quote(
    const costing::v1::BatchQuoteRequest& request) {
  JB_ASSIGN_OR_RETURN(auto response, Call(*stub_, &CostingService::Stub::BatchQuote, request,
                                          token_, kCallTimeout));
  for (auto& result : *response.mutable_results()) {
    if (!result.has_quote()) continue;
    costing::v1::Quote& quote = *result.mutable_quote();
    if (!quote.mutable_terms()->ParseFromString(quote.signed_quote().terms())) {
      return absl::InternalError("a quote without terms");
    }
  }
  return response;
}

absl::StatusOr<costing::v1::Quote> CostingClient::Settle(const costing::v1::Quote& quote) {
  costing::v1::SettleQuoteRequest request;
  *request.mutable_quote() = quote.signed_quote();
  request.set_found_results(quote.terms().usage().results());
  JB_ASSIGN_OR_RETURN(const auto response, Call(*stub_, &CostingService::Stub::SettleQuote, request,
                                                token_, kCallTimeout));
  return response.quote();
}

absl::StatusOr<costing::Tariff> CostingClient::GetTariff(const std::string& hash) {
  costing::v1::GetTariffRequest request;
  request.mutable_tariff()->set_hash(hash);
  JB_ASSIGN_OR_RETURN(const auto response, Call(*stub_, &CostingService::Stub::GetTariff, request,
                                                token_, kCallTimeout));
  const std::string& text = response.tariff().document();
  if (AsBytes(Sha256(text)) != hash)
    return absl::DataLossError("the tariff is not that of its hash");
  JB_ASSIGN_OR_RETURN(auto document, costing::ParseTariff(text, absl::LoadTimeZone));
  return std::move(document.tariff);
}

absl::StatusOr<costing::v1::Challenge> CostingClient::ProveWork(const std::string& member_id,
                                                                int32_t reputation_ppm) {
  costing::v1::GetChallengeRequest get;
  get.set_member_id(member_id);
  get.set_operation_type(type::v1::OPERATION_TYPE_BLOCK_STORE);
  get.set_reputation_ppm(reputation_ppm);
  JB_ASSIGN_OR_RETURN(const auto given,
                      Call(*stub_, &CostingService::Stub::GetChallenge, get, token_, kCallTimeout));
  const costing::v1::Challenge& challenge = given.challenge();
  const auto member = Uuid::Parse(member_id);
  const auto time = ReadTimestamp(challenge.time());
  if (!member.has_value() || !time.has_value()) return absl::InternalError("no such challenge");
  costing::v1::VerifyProofRequest verify;
  *verify.mutable_challenge() = challenge;
  verify.set_reputation_ppm(reputation_ppm);
  verify.set_nonce(costing::SolveChallenge(
      {*member, challenge.operation_type(), *time, challenge.tariff_hash()}, challenge.bits()));
  JB_RETURN_IF_ERROR(
      Call(*stub_, &CostingService::Stub::VerifyProof, verify, token_, kCallTimeout).status());
  const auto again =
      Call(*stub_, &CostingService::Stub::VerifyProof, verify, token_, kCallTimeout).status();
  const auto info = GetErrorInfo(again);
  if (!info.has_value() || info->reason != "PROOF_REPLAYED") {
    return absl::InternalError("a proof was accepted twice");
  }
  return challenge;
}

absl::StatusOr<costing::v1::Earning> CostingClient::RecordEarning(
    const costing::v1::Earning& claim) {
  costing::v1::RecordEarningRequest request;
  *request.mutable_earning() = claim;
  JB_ASSIGN_OR_RETURN(const auto response, Call(*stub_, &CostingService::Stub::RecordEarning,
                                                request, token_, kCallTimeout));
  return response.earning();
}

absl::Status CostingClient::SetEarningState(const std::string& earning_id,
                                            costing::v1::EarningState state) {
  costing::v1::SetEarningStateRequest request;
  request.set_earning_id(earning_id);
  request.set_state(state);
  return Call(*stub_, &CostingService::Stub::SetEarningState, request, token_, kCallTimeout)
      .status();
}

}  // namespace joulebook::metered_day
