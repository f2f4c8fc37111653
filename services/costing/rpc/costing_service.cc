#include "services/costing/rpc/costing_service.h"

#include <utility>

#include "common/crypto/sha256.h"
#include "common/rpc/page_token.h"
#include "services/costing/domain/tariff_diff.h"
#include "services/costing/domain/utility.h"
#include "services/costing/rpc/boundary.h"
#include "services/costing/rpc/convert.h"
#include "services/costing/rpc/number_page.h"
#include "services/costing/rpc/roles.h"

namespace joulebook::costing {
namespace {

constexpr std::size_t kMaxQuotes = 1'000;
constexpr std::size_t kMaxDocumentBytes = std::size_t{256} * 1024;

template <typename Request>
absl::StatusOr<int32_t> ParseReputation(const Request& request) {
  if (!request.has_reputation_ppm()) return FieldInvalid("reputation_ppm", "must be given");
  return ParsePpm("reputation_ppm", request.reputation_ppm());
}

std::span<const int64_t> Weights(const google::protobuf::RepeatedField<int64_t>& weights) {
  return {weights.data(), static_cast<std::size_t>(weights.size())};
}

}  // namespace

CostingServiceImpl::CostingServiceImpl(const Dependencies& dependencies)
    : deps_(dependencies),
      calls_({deps_.gate, CostingBoundary(), RoleOf, deps_.read_executor, deps_.read_queue,
              deps_.longest_call}),
      writes_({deps_.gate, CostingBoundary(), RoleOf, deps_.write_executor, deps_.write_queue,
               deps_.longest_call, "writing calls"}),
      entitlements_(deps_.quoter.own_tariff(), deps_.store, deps_.book, deps_.clock),
      streams_(CostingBoundary(), {"quote streams", deps_.quote_streams, deps_.unread}, deps_.clock,
               deps_.timers),
      rerates_({deps_.book, deps_.clock, deps_.metrics, deps_.quoter.own_tariff(),
                deps_.max_message_bytes},
               {"rerate streams", deps_.rerate_streams, deps_.unread}, deps_.timers) {
  SetMessageAllocatorFor_Quote(&quote_messages_);
  SetMessageAllocatorFor_BatchQuote(&batch_messages_);
}

void CostingServiceImpl::BeginDrain() {
  calls_.BeginDrain();
  writes_.BeginDrain();
  streams_.Drain();
  rerates_.Drain();
}

template <typename Request, typename Response>
CostingServiceImpl::Reactor* CostingServiceImpl::AnswerNow(
    Context* context, std::string_view method, const Request* request, Response* response,
    void (QuoteDesk::*answer)(const Request&, Response&, const QuoteDesk::Done&)) {
  Reactor* const reactor = context->DefaultReactor();
  const auto finish = [reactor, method](const absl::Status& status) {
    reactor->Finish(CostingBoundary().Finish(method, status));
  };
  const absl::Status admitted = calls_.Admit(*context, method).status();
  if (admitted.ok()) {
    (deps_.quotes.*answer)(*request, *response, finish);
  } else {
    finish(admitted);
  }
  return reactor;
}

absl::Status CostingServiceImpl::Publish(const v1::PublishTariffRequest& request,
                                         v1::PublishTariffResponse& response, Duration left) {
  if (request.document().size() > kMaxDocumentBytes) {
    return FieldInvalid("document", "must be at most 256 KiB");
  }
  JB_ASSIGN_OR_RETURN(const TariffDocument document,
                      ParseTariff(request.document(), deps_.find_zone));
  const std::string hash(AsBytes(Sha256(document.canonical)));
  JB_ASSIGN_OR_RETURN(
      const auto published,
      deps_.store.Publish(
          document.tariff.name, left, [&](const std::vector<PublishedTariff>& of_name) {
            return DecidePublication(document, hash, of_name, deps_.find_zone, deps_.notice,
                                     deps_.clock.Now(), deps_.tzdata_version);
          }));
  ToProto(published.value, true, *response.mutable_tariff());
  response.set_published_now(published.is_new);
  // So that whoever published sees it here at once; a failure is noticed by the next refresh.
  static_cast<void>(deps_.book.Refresh(left));
  return absl::OkStatus();
}

CostingServiceImpl::Reactor* CostingServiceImpl::PublishTariff(
    Context* context, const v1::PublishTariffRequest* request,
    v1::PublishTariffResponse* response) {
  return writes_.Run(context, "PublishTariff", *request, [=, this](const Identity&, Duration left) {
    return Publish(*request, *response, left);
  });
}

CostingServiceImpl::Reactor* CostingServiceImpl::GetTariff(Context* context,
                                                           const v1::GetTariffRequest* request,
                                                           v1::GetTariffResponse* response) {
  return calls_.Run(
      context, "GetTariff", *request, [=, this](const Identity&, Duration) -> absl::Status {
        JB_ASSIGN_OR_RETURN(const auto snapshot, deps_.book.Now());
        JB_ASSIGN_OR_RETURN(const LiveTariff* const tariff,
                            SelectTariff(*snapshot, request->tariff(), deps_.quoter.own_tariff(),
                                         deps_.clock.Now()));
        ToProto(tariff->published, true, *response->mutable_tariff());
        return absl::OkStatus();
      });
}

CostingServiceImpl::Reactor* CostingServiceImpl::ListTariffs(Context* context,
                                                             const v1::ListTariffsRequest* request,
                                                             v1::ListTariffsResponse* response) {
  return calls_.Run(
      context, "ListTariffs", *request, [=, this](const Identity&, Duration left) -> absl::Status {
        JB_ASSIGN_OR_RETURN(const NumberPage page, ParsePage(*request));
        JB_ASSIGN_OR_RETURN(auto tariffs, deps_.store.TariffsAfter(page.after, page.limit, left));
        response->set_next_page_token(FillPage(
            tariffs, page.limit, *request,
            [](const PublishedTariff& tariff) { return std::to_string(tariff.number); },
            [response](const PublishedTariff& tariff) -> const v1::Tariff& {
              v1::Tariff& item = *response->add_tariffs();
              ToProto(tariff, false, item);
              return item;
            }));
        return absl::OkStatus();
      });
}

CostingServiceImpl::Reactor* CostingServiceImpl::DiffTariffs(Context* context,
                                                             const v1::DiffTariffsRequest* request,
                                                             v1::DiffTariffsResponse* response) {
  return calls_.Run(
      context, "DiffTariffs", *request, [=, this](const Identity&, Duration) -> absl::Status {
        JB_ASSIGN_OR_RETURN(const auto snapshot, deps_.book.Now());
        const Time now = deps_.clock.Now();
        const std::string& name = deps_.quoter.own_tariff();
        JB_ASSIGN_OR_RETURN(const auto* before,
                            SelectTariff(*snapshot, request->before(), name, now));
        JB_ASSIGN_OR_RETURN(const auto* after,
                            SelectTariff(*snapshot, request->after(), name, now));
        JB_ASSIGN_OR_RETURN(
            const auto differences,
            costing::DiffTariffs(before->published.document, after->published.document));
        for (const TariffDifference& difference : differences) {
          v1::TariffDifference& proto = *response->add_differences();
          proto.set_place(difference.place);
          proto.set_before(difference.before);
          proto.set_after(difference.after);
        }
        return absl::OkStatus();
      });
}

CostingServiceImpl::Reactor* CostingServiceImpl::Quote(Context* context,
                                                       const v1::QuoteRequest* request,
                                                       v1::QuoteResponse* response) {
  return AnswerNow(context, "Quote", request, response, &QuoteDesk::Quote);
}

CostingServiceImpl::Reactor* CostingServiceImpl::SettleQuote(Context* context,
                                                             const v1::SettleQuoteRequest* request,
                                                             v1::SettleQuoteResponse* response) {
  return AnswerNow(context, "SettleQuote", request, response, &QuoteDesk::Settle);
}

CostingServiceImpl::Reactor* CostingServiceImpl::Authorize(Context* context,
                                                           const v1::AuthorizeRequest* request,
                                                           v1::AuthorizeResponse* response) {
  return AnswerNow(context, "Authorize", request, response, &QuoteDesk::Authorize);
}

CostingServiceImpl::Reactor* CostingServiceImpl::OpenSession(Context* context,
                                                             const v1::OpenSessionRequest* request,
                                                             v1::OpenSessionResponse* response) {
  return AnswerNow(context, "OpenSession", request, response, &QuoteDesk::Open);
}

CostingServiceImpl::Reactor* CostingServiceImpl::UpdateSession(
    Context* context, const v1::UpdateSessionRequest* request,
    v1::UpdateSessionResponse* response) {
  return AnswerNow(context, "UpdateSession", request, response, &QuoteDesk::Update);
}

CostingServiceImpl::Reactor* CostingServiceImpl::CloseSession(
    Context* context, const v1::CloseSessionRequest* request, v1::CloseSessionResponse* response) {
  return AnswerNow(context, "CloseSession", request, response, &QuoteDesk::Close);
}

// A thousand quotes take milliseconds, so they leave gRPC's thread.
CostingServiceImpl::Reactor* CostingServiceImpl::BatchQuote(Context* context,
                                                            const v1::BatchQuoteRequest* request,
                                                            v1::BatchQuoteResponse* response) {
  Reactor* const reactor = context->DefaultReactor();
  const auto finish = [reactor](const absl::Status& status) {
    reactor->Finish(CostingBoundary().Finish("BatchQuote", status));
  };
  absl::Status status = calls_.Admit(*context, "BatchQuote").status();
  if (status.ok()) {
    status =
        CostingBoundary().CheckItems(static_cast<std::size_t>(request->items_size()), kMaxQuotes);
  }
  if (status.ok()) {
    status = calls_.Submit(*request, [=, this] {
      deps_.quotes.QuoteAll(request->items(), *response->mutable_results(), finish);
    });
  }
  if (!status.ok()) finish(status);
  return reactor;
}

CostingServiceImpl::StreamReactor* CostingServiceImpl::StreamQuotes(Context* context) {
  constexpr std::string_view kMethod = "StreamQuotes";
  return streams_.Open(
      *context, kMethod, calls_.AdmitLong(*context, kMethod),
      [this](const v1::StreamQuotesRequest& request, v1::StreamQuotesResponse& response,
             auto done) -> absl::Status {
        JB_RETURN_IF_ERROR(CostingBoundary().CheckItems(
            static_cast<std::size_t>(request.items_size()), kMaxQuotes));
        return calls_.Submit(request, [this, &request, &response, done = std::move(done)] {
          deps_.quotes.QuoteAll(request.items(), *response.mutable_results(), done);
        });
      });
}

CostingServiceImpl::Reactor* CostingServiceImpl::CheckCost(Context* context,
                                                           const v1::CheckCostRequest* request,
                                                           v1::CheckCostResponse* response) {
  return calls_.Run(
      context, "CheckCost", *request, [=, this](const Identity&, Duration) -> absl::Status {
        JB_ASSIGN_OR_RETURN(const QuoteItem item, FromProto(request->item()));
        if (!request->has_available_microjoules() || request->available_microjoules() < 0) {
          return FieldInvalid("available_microjoules", "must be given, 0 or more");
        }
        JB_ASSIGN_OR_RETURN(const PriceTotals expected, deps_.quoter.Expect(item));
        response->set_verdict(static_cast<v1::CostVerdict>(
            JudgeCost(FromProto(request->cost()), expected, request->available_microjoules())));
        ToProto(expected, *response->mutable_expected());
        response->set_missing_microjoules(
            std::max<int64_t>(0, expected.total - request->available_microjoules()));
        return absl::OkStatus();
      });
}

CostingServiceImpl::Reactor* CostingServiceImpl::GetChallenge(
    Context* context, const v1::GetChallengeRequest* request, v1::GetChallengeResponse* response) {
  return calls_.Run(
      context, "GetChallenge", *request, [=, this](const Identity&, Duration) -> absl::Status {
        JB_ASSIGN_OR_RETURN(const Uuid member, ParseNewId("member_id", request->member_id()));
        JB_ASSIGN_OR_RETURN(const int32_t reputation, ParseReputation(*request));
        JB_ASSIGN_OR_RETURN(const auto asked,
                            deps_.proofs.Ask(member, request->operation_type(), reputation));
        ToProto(asked.challenge, asked.bits, *response->mutable_challenge());
        response->set_window_ms(
            std::chrono::duration_cast<std::chrono::milliseconds>(deps_.proofs.window()).count());
        return absl::OkStatus();
      });
}

CostingServiceImpl::Reactor* CostingServiceImpl::VerifyProof(Context* context,
                                                             const v1::VerifyProofRequest* request,
                                                             v1::VerifyProofResponse* response) {
  return writes_.Run(
      context, "VerifyProof", *request, [=, this](const Identity&, Duration left) -> absl::Status {
        JB_ASSIGN_OR_RETURN(const Challenge challenge, FromProto(request->challenge()));
        JB_ASSIGN_OR_RETURN(const int32_t reputation, ParseReputation(*request));
        JB_ASSIGN_OR_RETURN(const int32_t bits,
                            deps_.proofs.Accept(challenge, reputation, request->nonce(), left));
        response->set_bits(bits);
        return absl::OkStatus();
      });
}

CostingServiceImpl::Reactor* CostingServiceImpl::GetUtility(Context* context,
                                                            const v1::GetUtilityRequest* request,
                                                            v1::GetUtilityResponse* response) {
  return calls_.Run(
      context, "GetUtility", *request, [=](const Identity&, Duration) -> absl::Status {
        if (request->accesses() < 0) return FieldInvalid("accesses", "must not be negative");
        if (request->unique_members() < 0) {
          return FieldInvalid("unique_members", "must not be negative");
        }
        if (request->rating_milli() < -5'000 || request->rating_milli() > 5'000) {
          return FieldInvalid("rating_milli", "must be -5000 to 5000");
        }
        if (!request->has_age_days() || request->age_days() < 0) {
          return FieldInvalid("age_days", "must be given, 0 or more");
        }
        response->set_utility_ppm(UtilityPpm({request->accesses(), request->unique_members(),
                                              request->rating_milli(), request->age_days()}));
        return absl::OkStatus();
      });
}

absl::Status CostingServiceImpl::Report(const v1::ReportDemandRequest& request,
                                        v1::ReportDemandResponse& response, Duration left) {
  if (!request.has_demand()) return FieldInvalid("demand", "must be given");
  JB_ASSIGN_OR_RETURN(const auto snapshot, deps_.book.Now());
  const std::string& name = deps_.quoter.NameOr(request.tariff_name());
  JB_ASSIGN_OR_RETURN(const LiveTariff* const tariff, snapshot->InEffect(name, deps_.clock.Now()));
  JB_ASSIGN_OR_RETURN(const auto recorded,
                      deps_.store.Report(name, request.class_name(), request.period(), left,
                                         [&](const std::optional<CongestionPeriod>& last) {
                                           return DecideReport(tariff->tariff, request.class_name(),
                                                               request.period(), request.demand(),
                                                               last, deps_.lead, deps_.clock.Now());
                                         }));
  ToProto(recorded.value, *response.mutable_recorded());
  response.set_recorded_now(recorded.is_new);
  return absl::OkStatus();
}

CostingServiceImpl::Reactor* CostingServiceImpl::ReportDemand(
    Context* context, const v1::ReportDemandRequest* request, v1::ReportDemandResponse* response) {
  return writes_.Run(context, "ReportDemand", *request, [=, this](const Identity&, Duration left) {
    return Report(*request, *response, left);
  });
}

CostingServiceImpl::Reactor* CostingServiceImpl::ListCongestion(
    Context* context, const v1::ListCongestionRequest* request,
    v1::ListCongestionResponse* response) {
  return calls_.Run(
      context, "ListCongestion", *request,
      [=, this](const Identity&, Duration left) -> absl::Status {
        JB_ASSIGN_OR_RETURN(const int size, ParsePageSize(request->page_size(), kErrorDomain));
        const std::string& tariff = deps_.quoter.NameOr(request->tariff_name());
        const std::string& name = request->class_name();
        if (!IsName(tariff)) return FieldInvalid("tariff_name", "must be the name of a tariff");
        if (!IsName(name)) return FieldInvalid("class_name", "must be the name of a class");
        JB_ASSIGN_OR_RETURN(
            const auto periods,
            deps_.store.ListReports(tariff, name, request->after_period(), size, left));
        for (const CongestionPeriod& period : periods) ToProto(period, *response->add_periods());
        return absl::OkStatus();
      });
}

CostingServiceImpl::Reactor* CostingServiceImpl::SplitRevenue(
    Context* context, const v1::SplitRevenueRequest* request, v1::SplitRevenueResponse* response) {
  return calls_.Run(
      context, "SplitRevenue", *request, [=, this](const Identity&, Duration) -> absl::Status {
        if (!request->has_amount_microjoules()) {
          return FieldInvalid("amount_microjoules", "must be given");
        }
        JB_ASSIGN_OR_RETURN(const auto snapshot, deps_.book.Now());
        JB_ASSIGN_OR_RETURN(const LiveTariff* const tariff,
                            SelectTariff(*snapshot, request->tariff(), deps_.quoter.own_tariff(),
                                         deps_.clock.Now()));
        JB_ASSIGN_OR_RETURN(const RevenueSplit split,
                            costing::SplitRevenue(tariff->tariff, request->amount_microjoules(),
                                                  Weights(request->storage_weights()),
                                                  Weights(request->network_weights())));
        response->set_creator_microjoules(split.creator);
        for (const int64_t part : split.storage) response->add_storage_microjoules(part);
        for (const int64_t part : split.network) response->add_network_microjoules(part);
        response->set_fund_microjoules(split.fund);
        return absl::OkStatus();
      });
}

absl::Status CostingServiceImpl::Record(const v1::RecordEarningRequest& request,
                                        v1::RecordEarningResponse& response, Duration left) {
  Earning earning;
  JB_ASSIGN_OR_RETURN(earning.claim, FromProto(request.earning()));
  JB_RETURN_IF_ERROR(CheckClaim(earning.claim, deps_.clock.Now()));
  JB_ASSIGN_OR_RETURN(const auto snapshot, deps_.book.Now());
  const std::string& name = deps_.quoter.own_tariff();
  JB_ASSIGN_OR_RETURN(const LiveTariff* const tariff, snapshot->InEffect(name, earning.claim.end));
  JB_ASSIGN_OR_RETURN(earning.amount, EarningAmount(tariff->tariff, earning.claim));
  earning.tariff_hash = tariff->published.hash;
  JB_ASSIGN_OR_RETURN(const auto recorded,
                      deps_.store.AddEarning(earning.claim, left,
                                             [&](const auto& same_id, const auto& overlapping) {
                                               return DecideEarning(earning, same_id, overlapping);
                                             }));
  if (recorded.is_new) deps_.metrics.earnings_recorded.Increment();
  ToProto(recorded.value, *response.mutable_earning());
  response.set_recorded_now(recorded.is_new);
  return absl::OkStatus();
}

CostingServiceImpl::Reactor* CostingServiceImpl::RecordEarning(
    Context* context, const v1::RecordEarningRequest* request,
    v1::RecordEarningResponse* response) {
  return writes_.Run(context, "RecordEarning", *request, [=, this](const Identity&, Duration left) {
    return Record(*request, *response, left);
  });
}

CostingServiceImpl::Reactor* CostingServiceImpl::SetEarningState(
    Context* context, const v1::SetEarningStateRequest* request,
    v1::SetEarningStateResponse* response) {
  return writes_.Run(
      context, "SetEarningState", *request,
      [=, this](const Identity&, Duration left) -> absl::Status {
        JB_ASSIGN_OR_RETURN(const Uuid id, ParseId("earning_id", request->earning_id()));
        JB_ASSIGN_OR_RETURN(const EarningState state, ParseState(request->state()));
        JB_ASSIGN_OR_RETURN(
            const auto earning,
            deps_.store.SetEarningState(id, state, left, [&](const Earning& now) -> absl::Status {
              if (MayBecome(now.state, state)) return absl::OkStatus();
              return EarningStateWrong(id.ToString(), static_cast<int>(now.state));
            }));
        if (!earning.has_value()) return EarningNotFound(id.ToString());
        ToProto(*earning, *response->mutable_earning());
        return absl::OkStatus();
      });
}

CostingServiceImpl::Reactor* CostingServiceImpl::ListEarnings(
    Context* context, const v1::ListEarningsRequest* request, v1::ListEarningsResponse* response) {
  return calls_.Run(
      context, "ListEarnings", *request, [=, this](const Identity&, Duration left) -> absl::Status {
        EarningFilter filter;
        if (!request->provider_member_id().empty()) {
          JB_ASSIGN_OR_RETURN(filter.provider,
                              ParseId("provider_member_id", request->provider_member_id()));
        }
        if (request->state() != v1::EARNING_STATE_UNSPECIFIED) {
          JB_ASSIGN_OR_RETURN(filter.state, ParseState(request->state()));
        }
        JB_ASSIGN_OR_RETURN(const NumberPage page, ParsePage(*request));
        JB_ASSIGN_OR_RETURN(auto earnings,
                            deps_.store.ListEarnings(filter, page.after, page.limit, left));
        response->set_next_page_token(FillPage(
            earnings, page.limit, *request,
            [](const Earning& earning) { return std::to_string(earning.number); },
            [response](const Earning& earning) -> const v1::Earning& {
              v1::Earning& item = *response->add_earnings();
              ToProto(earning, item);
              return item;
            }));
        return absl::OkStatus();
      });
}

absl::Status CostingServiceImpl::MakeStatement(const v1::GetProviderStatementRequest& request,
                                               v1::ProviderStatement& statement, Duration left) {
  JB_ASSIGN_OR_RETURN(const Uuid provider,
                      ParseId("provider_member_id", request.provider_member_id()));
  JB_ASSIGN_OR_RETURN(const Time start, ParseTime("start_time", request.start_time()));
  JB_ASSIGN_OR_RETURN(const Time end, ParseTime("end_time", request.end_time()));
  if (end < start) return FieldInvalid("end_time", "must not be before start_time");
  JB_RETURN_IF_ERROR(ParsePpm("quality.uptime_ppm", request.quality().uptime_ppm()).status());
  JB_RETURN_IF_ERROR(
      ParsePpm("quality.reliability_ppm", request.quality().reliability_ppm()).status());
  if (request.quality().mean_latency_ms() < 0) {
    return FieldInvalid("quality.mean_latency_ms", "must not be negative");
  }
  if (!request.has_revenue_microjoules() || request.revenue_microjoules() < 0) {
    return FieldInvalid("revenue_microjoules", "must be given, 0 or more");
  }
  if (!request.has_operational_costs_microjoules() || request.operational_costs_microjoules() < 0) {
    return FieldInvalid("operational_costs_microjoules", "must be given, 0 or more");
  }
  JB_ASSIGN_OR_RETURN(const auto earnings,
                      deps_.store.EarningSumsOfPeriod(provider, start, end, left));
  JB_ASSIGN_OR_RETURN(const EarningSums sums, SumEarnings(earnings));
  const auto net =
      NetOf(sums, request.revenue_microjoules(), request.operational_costs_microjoules());
  if (!net.ok()) return PriceOutOfRange();
  statement.set_provider_member_id(provider.ToString());
  *statement.mutable_start_time() = request.start_time();
  *statement.mutable_end_time() = request.end_time();
  statement.set_storage_microjoules(sums.earned[0]);
  statement.set_network_microjoules(sums.earned[1]);
  statement.set_geographic_microjoules(sums.earned[2]);
  statement.set_pending_microjoules(sums.pending);
  statement.set_revenue_microjoules(request.revenue_microjoules());
  statement.set_operational_costs_microjoules(request.operational_costs_microjoules());
  statement.set_net_microjoules(*net);
  *statement.mutable_quality() = request.quality();
  return absl::OkStatus();
}

CostingServiceImpl::Reactor* CostingServiceImpl::GetProviderStatement(
    Context* context, const v1::GetProviderStatementRequest* request,
    v1::GetProviderStatementResponse* response) {
  return calls_.Run(context, "GetProviderStatement", *request,
                    [=, this](const Identity&, Duration left) {
                      return MakeStatement(*request, *response->mutable_statement(), left);
                    });
}

CostingServiceImpl::Reactor* CostingServiceImpl::GrantEntitlement(
    Context* context, const v1::GrantEntitlementRequest* request,
    v1::GrantEntitlementResponse* response) {
  return writes_.Run(context, "GrantEntitlement", *request,
                     [=, this](const Identity&, Duration left) {
                       return entitlements_.Grant(*request, *response, left);
                     });
}

CostingServiceImpl::Reactor* CostingServiceImpl::RevokeEntitlement(
    Context* context, const v1::RevokeEntitlementRequest* request,
    v1::RevokeEntitlementResponse* response) {
  return writes_.Run(context, "RevokeEntitlement", *request,
                     [=, this](const Identity&, Duration left) {
                       return entitlements_.Revoke(*request, *response, left);
                     });
}

CostingServiceImpl::Reactor* CostingServiceImpl::ListEntitlements(
    Context* context, const v1::ListEntitlementsRequest* request,
    v1::ListEntitlementsResponse* response) {
  return calls_.Run(context, "ListEntitlements", *request,
                    [=, this](const Identity&, Duration left) {
                      return entitlements_.List(*request, *response, left);
                    });
}

grpc::ServerReadReactor<v1::RerateRequest>* CostingServiceImpl::Rerate(
    Context* context, v1::RerateResponse* response) {
  return rerates_.Open(*context, calls_.AdmitLong(*context, "Rerate"), *response);
}

}  // namespace joulebook::costing
