// The gRPC face of costing: admits the call, converts, calls one use case, converts back.
#pragma once

#include "common/rpc/arena_messages.h"
#include "common/rpc/call_runner.h"
#include "common/rpc/pipeline_stream.h"
#include "joulebook/costing/v1/costing_service.grpc.pb.h"
#include "services/costing/engine/proof_desk.h"
#include "services/costing/rpc/entitlement_desk.h"
#include "services/costing/rpc/quote_desk.h"
#include "services/costing/rpc/rerate_call.h"

namespace joulebook::costing {

class CostingServiceImpl final : public v1::CostingService::CallbackService {
 public:
  // The dependencies of the service; all must outlive it.
  struct Dependencies {
    const Gate& gate;
    Store& store;
    TariffBook& book;
    const Quoter& quoter;
    QuoteDesk& quotes;
    ProofDesk& proofs;
    Executor& read_executor;
    std::size_t read_queue;
    // Calls that write have threads of their own, so that no read waits for a lock of the database.
    Executor& write_executor;
    std::size_t write_queue;
    Clock& clock;
    Timers& timers;
    // StreamQuotes and Rerate calls that may be open, and how long one may leave an answer unread.
    std::size_t quote_streams;
    std::size_t rerate_streams;
    Duration unread;
    // The most bytes of an answer.
    std::size_t max_message_bytes;
    CostingMetrics& metrics;
    ZoneFinder find_zone;
    std::string tzdata_version;
    // How long before it takes effect a tariff must be published.
    Duration notice;
    // How long before it takes effect a factor of congestion must be known.
    Duration lead;
    // The longest a call may take, whatever deadline it brings.
    Duration longest_call;
  };

  explicit CostingServiceImpl(const Dependencies& dependencies);

  // New calls are refused with DRAINING, streams end after what they have in work.
  void BeginDrain();

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;
  using StreamReactor = grpc::ServerBidiReactor<v1::StreamQuotesRequest, v1::StreamQuotesResponse>;

  Reactor* PublishTariff(Context* context, const v1::PublishTariffRequest* request,
                         v1::PublishTariffResponse* response) override;
  Reactor* GetTariff(Context* context, const v1::GetTariffRequest* request,
                     v1::GetTariffResponse* response) override;
  Reactor* ListTariffs(Context* context, const v1::ListTariffsRequest* request,
                       v1::ListTariffsResponse* response) override;
  Reactor* DiffTariffs(Context* context, const v1::DiffTariffsRequest* request,
                       v1::DiffTariffsResponse* response) override;
  Reactor* Quote(Context* context, const v1::QuoteRequest* request,
                 v1::QuoteResponse* response) override;
  Reactor* BatchQuote(Context* context, const v1::BatchQuoteRequest* request,
                      v1::BatchQuoteResponse* response) override;
  StreamReactor* StreamQuotes(Context* context) override;
  Reactor* SettleQuote(Context* context, const v1::SettleQuoteRequest* request,
                       v1::SettleQuoteResponse* response) override;
  Reactor* Authorize(Context* context, const v1::AuthorizeRequest* request,
                     v1::AuthorizeResponse* response) override;
  Reactor* CheckCost(Context* context, const v1::CheckCostRequest* request,
                     v1::CheckCostResponse* response) override;
  Reactor* OpenSession(Context* context, const v1::OpenSessionRequest* request,
                       v1::OpenSessionResponse* response) override;
  Reactor* UpdateSession(Context* context, const v1::UpdateSessionRequest* request,
                         v1::UpdateSessionResponse* response) override;
  Reactor* CloseSession(Context* context, const v1::CloseSessionRequest* request,
                        v1::CloseSessionResponse* response) override;
  Reactor* GetChallenge(Context* context, const v1::GetChallengeRequest* request,
                        v1::GetChallengeResponse* response) override;
  Reactor* VerifyProof(Context* context, const v1::VerifyProofRequest* request,
                       v1::VerifyProofResponse* response) override;
  Reactor* GetUtility(Context* context, const v1::GetUtilityRequest* request,
                      v1::GetUtilityResponse* response) override;
  Reactor* ReportDemand(Context* context, const v1::ReportDemandRequest* request,
                        v1::ReportDemandResponse* response) override;
  Reactor* ListCongestion(Context* context, const v1::ListCongestionRequest* request,
                          v1::ListCongestionResponse* response) override;
  Reactor* SplitRevenue(Context* context, const v1::SplitRevenueRequest* request,
                        v1::SplitRevenueResponse* response) override;
  Reactor* RecordEarning(Context* context, const v1::RecordEarningRequest* request,
                         v1::RecordEarningResponse* response) override;
  Reactor* SetEarningState(Context* context, const v1::SetEarningStateRequest* request,
                           v1::SetEarningStateResponse* response) override;
  Reactor* ListEarnings(Context* context, const v1::ListEarningsRequest* request,
                        v1::ListEarningsResponse* response) override;
  Reactor* GetProviderStatement(Context* context, const v1::GetProviderStatementRequest* request,
                                v1::GetProviderStatementResponse* response) override;
  Reactor* GrantEntitlement(Context* context, const v1::GrantEntitlementRequest* request,
                            v1::GrantEntitlementResponse* response) override;
  Reactor* RevokeEntitlement(Context* context, const v1::RevokeEntitlementRequest* request,
                             v1::RevokeEntitlementResponse* response) override;
  Reactor* ListEntitlements(Context* context, const v1::ListEntitlementsRequest* request,
                            v1::ListEntitlementsResponse* response) override;
  grpc::ServerReadReactor<v1::RerateRequest>* Rerate(Context* context,
                                                     v1::RerateResponse* response) override;

 private:
  // Answers on this thread: for what neither blocks nor takes long.
  template <typename Request, typename Response>
  Reactor* AnswerNow(Context* context, std::string_view method, const Request* request,
                     Response* response,
                     void (QuoteDesk::*answer)(const Request&, Response&, const QuoteDesk::Done&));
  absl::Status Publish(const v1::PublishTariffRequest& request, v1::PublishTariffResponse& response,
                       Duration left);
  absl::Status Report(const v1::ReportDemandRequest& request, v1::ReportDemandResponse& response,
                      Duration left);
  absl::Status Record(const v1::RecordEarningRequest& request, v1::RecordEarningResponse& response,
                      Duration left);
  absl::Status MakeStatement(const v1::GetProviderStatementRequest& request,
                             v1::ProviderStatement& statement, Duration left);

  const Dependencies deps_;
  CallRunner calls_;
  CallRunner writes_;
  EntitlementDesk entitlements_;
  PipelineStreams<v1::StreamQuotesRequest, v1::StreamQuotesResponse> streams_;
  RerateCalls rerates_;
  ArenaMessages<v1::QuoteRequest, v1::QuoteResponse> quote_messages_;
  ArenaMessages<v1::BatchQuoteRequest, v1::BatchQuoteResponse> batch_messages_;
};

}  // namespace joulebook::costing
