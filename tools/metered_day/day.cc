#include "tools/metered_day/day.h"

#include <deque>
#include <span>

#include "common/rpc/status_conversion.h"
#include "tools/metered_day/prices.h"

namespace joulebook::metered_day {
namespace {

// Operations whose reservations travel together, and how many such windows are under way at once.
constexpr std::size_t kWindow = 500;
constexpr std::size_t kWindowsUnderWay = 4;

using ledger::v1::StreamTransfersRequest;
using ledger::v1::StreamTransfersResponse;

absl::Status RegisterEverybody(const std::vector<Usage>& trace, LedgerClient& ledger,
                               IdGenerator& ids, DayResult& result) {
  for (const Usage& usage : trace) {
    if (!result.member_accounts.contains(usage.member)) {
      const std::string id = ids.Next().ToString();
      JB_RETURN_IF_ERROR(ledger.RegisterMember(id, usage.member));
      result.member_accounts[usage.member] = id;  // the joule account has the member's id
    }
    if (!result.provider_accounts.contains(usage.provider)) {
      const std::string owner = ids.Next().ToString();
      const std::string account = ids.Next().ToString();
      JB_RETURN_IF_ERROR(ledger.RegisterMember(owner, usage.provider));
      JB_RETURN_IF_ERROR(ledger.OpenProviderAccount(account, owner));
      result.provider_accounts[usage.provider] = account;
    }
  }
  return absl::OkStatus();
}

// The replay over one stream. Responses come in the order of the requests, so a queue of what was
// sent tells what each answers.
class Replay {
 public:
  Replay(const std::vector<Usage>& trace, LedgerClient::Stream& stream, IdGenerator& ids,
         Clock& clock, const Progress& progress, DayResult& result)
      : trace_(trace),
        stream_(stream),
        ids_(ids),
        clock_(clock),
        progress_(progress),
        result_(result) {}

  absl::Status Run() {
    while (next_ < trace_.size() || !sent_.empty()) {
      while (next_ < trace_.size() && sent_.size() < kWindowsUnderWay) {
        JB_RETURN_IF_ERROR(SendReservations());
      }
      StreamTransfersResponse response;
      if (!stream_.Read(&response)) return absl::UnavailableError("the stream ended");
      Window window = std::move(sent_.front());
      sent_.pop_front();
      JB_RETURN_IF_ERROR(window.is_settling ? FinishWindow(window, response)
                                            : SettleWindow(window, response));
    }
    return absl::OkStatus();
  }

 private:
  struct Operation {
    std::size_t index = 0;
    std::string hold_id;
    int64_t price = 0;
  };
  struct Window {
    bool is_settling = false;
    Duration start{};
    std::vector<Operation> operations;
  };

  absl::Status Send(const StreamTransfersRequest& request, Window window) {
    if (!stream_.Write(request)) return absl::UnavailableError("the stream ended");
    sent_.push_back(std::move(window));
    return absl::OkStatus();
  }

  absl::Status SendReservations() {
    StreamTransfersRequest request;
    Window window{.start = clock_.MonotonicNow()};
    for (; next_ < trace_.size() && window.operations.size() < kWindow; ++next_) {
      const Usage& usage = trace_[next_];
      JB_ASSIGN_OR_RETURN(const int64_t price, PriceMicrojoules(usage));
      auto& item = *request.add_transfers();
      item.set_id(ids_.Next().ToString());
      item.set_kind(ledger::v1::TRANSFER_KIND_RESERVE);
      item.set_debit_account_id(result_.member_accounts.at(usage.member));
      item.set_credit_account_id(result_.provider_accounts.at(usage.provider));
      item.set_asset_code("J");
      item.set_amount_minor(price);
      item.set_operation_type(usage.operation);
      item.set_data_size_bytes(usage.bytes);
      item.set_duration_s(usage.duration_s);
      item.set_redundancy(usage.redundancy);
      window.operations.push_back({next_, item.id(), price});
    }
    return Send(request, std::move(window));
  }

  // Charges or releases what was reserved; what was refused is done.
  absl::Status SettleWindow(const Window& window, const StreamTransfersResponse& response) {
    StreamTransfersRequest request;
    Window settling{.is_settling = true, .start = window.start};
    for (std::size_t i = 0; i < window.operations.size(); ++i) {
      const Operation& operation = window.operations[i];
      const auto code = response.results(static_cast<int>(i)).code();
      if (code != ledger::v1::TRANSFER_RESULT_CODE_OK) {
        ++result_.refused[ledger::v1::TransferResultCode_Name(code)];
        Done(window.start);
        continue;
      }
      auto& item = *request.add_transfers();
      item.set_id(ids_.Next().ToString());
      item.set_target_id(operation.hold_id);
      if (trace_[operation.index].fails) {
        item.set_kind(ledger::v1::TRANSFER_KIND_RELEASE);
      } else {
        item.set_kind(ledger::v1::TRANSFER_KIND_CHARGE);
        item.set_amount_minor(operation.price);
      }
      settling.operations.push_back(operation);
    }
    if (settling.operations.empty()) return absl::OkStatus();
    return Send(request, std::move(settling));
  }

  absl::Status FinishWindow(const Window& window, const StreamTransfersResponse& response) {
    for (std::size_t i = 0; i < window.operations.size(); ++i) {
      const auto code = response.results(static_cast<int>(i)).code();
      if (code != ledger::v1::TRANSFER_RESULT_CODE_OK) {
        ++result_.refused[ledger::v1::TransferResultCode_Name(code)];
      } else {
        ++(trace_[window.operations[i].index].fails ? result_.released : result_.charged);
      }
      Done(window.start);
    }
    return absl::OkStatus();
  }

  void Done(Duration start) {
    result_.latencies.push_back(clock_.MonotonicNow() - start);
    if (result_.latencies.size() % kWindow == 0 || result_.latencies.size() == trace_.size()) {
      progress_(result_.latencies.size(), trace_.size());
    }
  }

  const std::vector<Usage>& trace_;
  LedgerClient::Stream& stream_;
  IdGenerator& ids_;
  Clock& clock_;
  const Progress& progress_;
  DayResult& result_;
  std::size_t next_ = 0;
  std::deque<Window> sent_;
};

}  // namespace

absl::StatusOr<DayResult> RunDay(const std::vector<Usage>& trace, LedgerClient& ledger,
                                 IdGenerator& ids, Clock& clock, const Progress& progress) {
  DayResult result;
  JB_RETURN_IF_ERROR(RegisterEverybody(trace, ledger, ids, result));
  const Duration start = clock.MonotonicNow();
  grpc::ClientContext context;
  const auto stream = ledger.OpenStream(context);
  const absl::Status replayed = Replay(trace, *stream, ids, clock, progress, result).Run();
  if (!replayed.ok()) context.TryCancel();
  stream->WritesDone();
  const absl::Status finished = FromGrpcStatus(stream->Finish());
  // The call's own error says more than that the stream ended.
  if (absl::IsUnavailable(replayed) && !finished.ok() && !absl::IsCancelled(finished)) {
    return finished;
  }
  JB_RETURN_IF_ERROR(replayed);
  JB_RETURN_IF_ERROR(finished);
  result.elapsed = clock.MonotonicNow() - start;
  return result;
}

}  // namespace joulebook::metered_day
