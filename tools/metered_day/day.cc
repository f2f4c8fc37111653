#include "tools/metered_day/day.h"

#include <deque>
#include <iterator>
#include <utility>

#include "common/money/arithmetic.h"
#include "common/rpc/status_conversion.h"
#include "tools/metered_day/usage.h"

namespace joulebook::metered_day {
namespace {

// Operations whose reservations travel together, and how many such windows are under way at once.
constexpr std::size_t kWindow = 500;
constexpr std::size_t kWindowsUnderWay = 4;

using ledger::v1::StreamTransfersRequest;
using ledger::v1::StreamTransfersResponse;

// Reputations that members have, in turn; the source's neutral one is the second.
constexpr int32_t kReputationsPpm[] = {300'000, 500'000, 700'000, 900'000};

absl::Status RegisterMembers(const std::vector<Usage>& trace, const DayDependencies& on,
                             DayResult& result) {
  for (const Usage& usage : trace) {
    if (!result.members.contains(usage.member)) {
      const int32_t reputation =
          kReputationsPpm[result.members.size() % std::size(kReputationsPpm)];
      const std::string id = on.ids.Next().ToString();
      JB_RETURN_IF_ERROR(on.ledger.RegisterMember(id, usage.member));
      JB_RETURN_IF_ERROR(on.ledger.SetReputation(on.ids.Next().ToString(), id, reputation));
      result.members[usage.member] = {id, reputation};
    }
    if (!result.providers.contains(usage.provider)) {
      const Provider provider{.member_id = on.ids.Next().ToString(),
                              .account = on.ids.Next().ToString()};
      JB_RETURN_IF_ERROR(on.ledger.RegisterMember(provider.member_id, usage.provider));
      JB_RETURN_IF_ERROR(on.ledger.OpenAccount(provider.account, provider.member_id,
                                               ledger::v1::ACCOUNT_ROLE_PROVIDER));
      result.providers[usage.provider] = provider;
    }
  }
  return absl::OkStatus();
}

absl::Status OpenNetworkAccounts(const DayDependencies& on, NetworkAccounts& network) {
  const std::pair<std::string*, ledger::v1::AccountRole> accounts[] = {
      {&network.revenue, ledger::v1::ACCOUNT_ROLE_ESCROW},
      {&network.creators, ledger::v1::ACCOUNT_ROLE_FEES},
      {&network.fund, ledger::v1::ACCOUNT_ROLE_FEES},
      {&network.sink, ledger::v1::ACCOUNT_ROLE_SINK},
  };
  for (const auto& [id, role] : accounts) {
    *id = on.ids.Next().ToString();
    JB_RETURN_IF_ERROR(on.ledger.OpenAccount(*id, "", role));
  }
  return absl::OkStatus();
}

// The replay over one stream. Responses come in the order of the requests, so a queue of what was
// sent tells what each answers.
class Replay {
 public:
  Replay(const std::vector<Usage>& trace, LedgerClient::Stream& stream, const DayDependencies& on,
         const Progress& progress, DayResult& result)
      : trace_(trace), stream_(stream), on_(on), progress_(progress), result_(result) {}

  absl::Status Run(RevenueShares& shares) {
    while (next_ < trace_.size() || !sent_.empty()) {
      while (next_ < trace_.size() && sent_.size() < kWindowsUnderWay) {
        JB_RETURN_IF_ERROR(QuoteAndReserve());
      }
      if (sent_.empty()) continue;  // nothing of the window was quoted
      StreamTransfersResponse response;
      if (!stream_.Read(&response)) return absl::UnavailableError("the stream ended");
      Window window = std::move(sent_.front());
      sent_.pop_front();
      JB_RETURN_IF_ERROR(window.is_settling ? FinishWindow(window, response, shares)
                                            : SettleWindow(std::move(window), response));
    }
    return absl::OkStatus();
  }

 private:
  struct Operation {
    std::size_t index = 0;
    std::string hold_id;
    std::string charge_id;
    costing::v1::Quote quote;
  };
  struct Window {
    bool is_settling = false;
    Duration start{};
    std::vector<Operation> operations;
  };

  absl::Status Send(const StreamTransfersRequest& request, Window window) {
    if (request.transfers().empty()) return absl::OkStatus();
    if (!stream_.Write(request)) return absl::UnavailableError("the stream ended");
    sent_.push_back(std::move(window));
    return absl::OkStatus();
  }

  absl::Status QuoteAndReserve() {
    Window window{.start = on_.clock.MonotonicNow()};
    costing::v1::BatchQuoteRequest ask;
    const std::size_t first = next_;
    for (; next_ < trace_.size() && next_ - first < kWindow; ++next_) {
      const MemberAccount& member = result_.members.at(trace_[next_].member);
      costing::v1::QuoteItem& item = *ask.add_items();
      item.set_member_id(member.id);
      ToProto(trace_[next_], member.reputation_ppm, *item.mutable_usage());
      item.set_without_bill(result_.shown.has_value());
    }
    JB_ASSIGN_OR_RETURN(auto answer, on_.costing.Quote(ask));
    StreamTransfersRequest request;
    for (std::size_t i = 0; i < next_ - first; ++i) {
      costing::v1::QuoteResult& quoted = *answer.mutable_results(static_cast<int>(i));
      if (quoted.has_error()) {
        ++result_.refused[costing::v1::ErrorReason_Name(quoted.error().reason())];
        Done(window.start);
        continue;
      }
      window.operations.push_back({first + i, on_.ids.Next().ToString(), on_.ids.Next().ToString(),
                                   std::move(*quoted.mutable_quote())});
      AddReservation(window.operations.back(), request);
    }
    return Send(request, std::move(window));
  }

  void AddReservation(const Operation& operation, StreamTransfersRequest& request) {
    const Usage& usage = trace_[operation.index];
    auto& item = *request.add_transfers();
    item.set_id(operation.hold_id);
    item.set_kind(ledger::v1::TRANSFER_KIND_RESERVE);
    item.set_debit_account_id(result_.members.at(usage.member).id);
    item.set_credit_account_id(result_.network.revenue);
    item.set_asset_code("J");
    item.set_amount_minor(operation.quote.terms().total_microjoules());
    item.set_operation_type(usage.operation);
    item.set_data_size_bytes(usage.bytes);
    item.set_duration_s(usage.duration_s);
    item.set_redundancy(usage.redundancy);
    *item.mutable_quote() = operation.quote.signed_quote();
  }

  // Charges or releases what was reserved; what was refused is done.
  absl::Status SettleWindow(Window window, const StreamTransfersResponse& response) {
    StreamTransfersRequest request;
    Window settling{.is_settling = true, .start = window.start};
    for (std::size_t i = 0; i < window.operations.size(); ++i) {
      Operation& operation = window.operations[i];
      const auto code = response.results(static_cast<int>(i)).code();
      if (code != ledger::v1::TRANSFER_RESULT_CODE_OK) {
        ++result_.refused[ledger::v1::TransferResultCode_Name(code)];
        Done(window.start);
        continue;
      }
      auto& item = *request.add_transfers();
      item.set_id(operation.charge_id);
      item.set_target_id(operation.hold_id);
      if (trace_[operation.index].fails) {
        item.set_kind(ledger::v1::TRANSFER_KIND_RELEASE);
      } else {
        item.set_kind(ledger::v1::TRANSFER_KIND_CHARGE);
        JB_RETURN_IF_ERROR(Settle(operation, item));
      }
      settling.operations.push_back(std::move(operation));
    }
    return Send(request, std::move(settling));
  }

  // Charges what was reserved; where the price depends on what was found, by a settlement.
  absl::Status Settle(Operation& operation, ledger::v1::TransferRequest& charge) {
    if (operation.quote.terms().needs_settlement()) {
      JB_ASSIGN_OR_RETURN(operation.quote, on_.costing.Settle(operation.quote));
      *charge.mutable_quote() = operation.quote.signed_quote();
    }
    charge.set_amount_minor(operation.quote.terms().total_microjoules());
    return absl::OkStatus();
  }

  absl::Status FinishWindow(const Window& window, const StreamTransfersResponse& response,
                            RevenueShares& shares) {
    for (std::size_t i = 0; i < window.operations.size(); ++i) {
      const Operation& operation = window.operations[i];
      const auto code = response.results(static_cast<int>(i)).code();
      if (code != ledger::v1::TRANSFER_RESULT_CODE_OK) {
        ++result_.refused[ledger::v1::TransferResultCode_Name(code)];
      } else if (trace_[operation.index].fails) {
        ++result_.released;
      } else {
        ++result_.charged;
        JB_RETURN_IF_ERROR(Share(operation, shares));
      }
      Done(window.start);
    }
    return absl::OkStatus();
  }

  // The provider in the trace stored; the next one, in the order of names, moved the data.
  absl::Status Share(const Operation& operation, RevenueShares& shares) {
    if (!result_.shown.has_value()) {
      result_.shown = operation.quote;
      result_.shown_charge_id = operation.charge_id;
    }
    const Usage& usage = trace_[operation.index];
    result_.charged_usage.emplace_back(usage.member, operation.quote.terms().usage());
    auto& providers = result_.providers;
    const auto stored = providers.find(usage.provider);
    const auto next = std::next(stored);
    Provider& storage = stored->second;
    Provider& network = (next == providers.end() ? providers.begin() : next)->second;
    ++network.moved_operations;
    if (usage.operation == type::v1::OPERATION_TYPE_BLOCK_STORE) {
      JB_ASSIGN_OR_RETURN(storage.stored_bytes, CheckedAdd(storage.stored_bytes, usage.bytes));
    }
    return shares.Add(operation.quote.terms(), storage.account, network.account);
  }

  void Done(Duration start) {
    result_.latencies.push_back(on_.clock.MonotonicNow() - start);
    if (result_.latencies.size() % kWindow == 0 || result_.latencies.size() == trace_.size()) {
      progress_(result_.latencies.size(), trace_.size());
    }
  }

  const std::vector<Usage>& trace_;
  LedgerClient::Stream& stream_;
  const DayDependencies& on_;
  const Progress& progress_;
  DayResult& result_;
  std::size_t next_ = 0;
  std::deque<Window> sent_;
};

absl::Status ReplayTrace(const std::vector<Usage>& trace, const DayDependencies& on,
                         const Progress& progress, DayResult& result, RevenueShares& shares) {
  grpc::ClientContext context;
  const auto stream = on.ledger.OpenStream(context);
  const absl::Status replayed = Replay(trace, *stream, on, progress, result).Run(shares);
  if (!replayed.ok()) context.TryCancel();
  stream->WritesDone();
  absl::Status finished = FromGrpcStatus(stream->Finish());
  // The call's own error says more than that the stream ended.
  if (absl::IsUnavailable(replayed) && !finished.ok() && !absl::IsCancelled(finished)) {
    return finished;
  }
  JB_RETURN_IF_ERROR(replayed);
  return finished;
}

}  // namespace

absl::StatusOr<DayResult> RunDay(const std::vector<Usage>& trace, const DayDependencies& on,
                                 const Progress& progress) {
  DayResult result;
  JB_RETURN_IF_ERROR(RegisterMembers(trace, on, result));
  JB_RETURN_IF_ERROR(OpenNetworkAccounts(on, result.network));
  const MemberAccount& prover = result.members.begin()->second;
  JB_ASSIGN_OR_RETURN(result.proven, on.costing.ProveWork(prover.id, prover.reputation_ppm));
  JB_ASSIGN_OR_RETURN(const costing::Tariff tariff,
                      on.costing.GetTariff(result.proven.tariff_hash()));
  RevenueShares shares(tariff, result.network);
  const Duration start = on.clock.MonotonicNow();
  JB_RETURN_IF_ERROR(ReplayTrace(trace, on, progress, result, shares));
  result.elapsed = on.clock.MonotonicNow() - start;
  result.charged_microjoules = shares.charged();
  JB_RETURN_IF_ERROR(shares.Pay(on.ledger, on.ids));
  // Costing asks for a period that is over by its database's clock, which may be behind this one.
  const Time end =
      std::chrono::floor<std::chrono::seconds>(on.clock.Now()) - std::chrono::seconds(1);
  JB_ASSIGN_OR_RETURN(result.earnings, PayEarnings(result.providers, result.network.fund, end,
                                                   on.ledger, on.costing, on.ids));
  return result;
}

}  // namespace joulebook::metered_day
