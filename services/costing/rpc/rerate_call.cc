#include "services/costing/rpc/rerate_call.h"

#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "services/costing/domain/quote.h"
#include "services/costing/rpc/boundary.h"
#include "services/costing/rpc/convert.h"
#include "services/costing/rpc/convert_quote.h"

namespace joulebook::costing {
namespace {

constexpr char kMethod[] = "Rerate";
constexpr int kMaxEvents = 10'000;
constexpr std::size_t kMaxMemberBytes = 128;
// The most bytes of totals in the answer beside their member: three numbers of 11 bytes, and two
// tags with lengths of at most 3.
constexpr std::size_t kMaxTotalsBytes = 40;
// Different usages whose prices are remembered: a few megabytes.
constexpr std::size_t kMaxKnown = 16'384;

// The prices of one usage, micro-joules under both tariffs.
struct Prices {
  int64_t before = 0;
  int64_t after = 0;
};

// The totals of one stream.
class Rerating {
 public:
  explicit Rerating(const RerateDependencies& deps) : deps_(deps) {}

  absl::Status Begin(const v1::RerateRequest& request) {
    JB_ASSIGN_OR_RETURN(snapshot_, deps_.book.Now());
    const Time now = deps_.clock.Now();
    JB_ASSIGN_OR_RETURN(before_,
                        SelectTariff(*snapshot_, request.before(), deps_.own_tariff_name, now));
    JB_ASSIGN_OR_RETURN(after_,
                        SelectTariff(*snapshot_, request.after(), deps_.own_tariff_name, now));
    return absl::OkStatus();
  }

  absl::Status Add(const v1::RerateRequest& request) {
    if (request.events_size() > kMaxEvents) {
      return CostingBoundary().CheckItems(static_cast<std::size_t>(request.events_size()),
                                          kMaxEvents);
    }
    for (const std::string& member : request.new_members()) {
      if (member.size() > kMaxMemberBytes) {
        return FieldInvalid("new_members", "must be at most 128 bytes each");
      }
      answer_bytes_ += kMaxTotalsBytes + member.size();
      if (answer_bytes_ > deps_.max_answer_bytes) {
        return FieldInvalid("new_members",
                            absl::StrCat("must be so few that the answer has at most ",
                                         deps_.max_answer_bytes, " bytes"));
      }
      totals_.emplace_back().set_member(member);
    }
    for (int i = 0; i < request.events_size(); ++i) {
      const absl::Status added = AddEvent(request.events(i));
      if (!added.ok()) return WithPlace(added, i);
    }
    deps_.metrics.rerated_events.Increment(request.events_size());
    return absl::OkStatus();
  }

  absl::Status Finish(v1::RerateResponse& response) {
    v1::RerateTotals& all = *response.mutable_all();
    for (v1::RerateTotals& totals : totals_) {
      all.set_events(all.events() + totals.events());
      JB_RETURN_IF_ERROR(Sum(totals.before_microjoules(), totals.after_microjoules(), all));
      response.add_members()->Swap(&totals);
    }
    return absl::OkStatus();
  }

 private:
  static absl::Status Sum(int64_t before, int64_t after, v1::RerateTotals& totals) {
    const auto before_sum = CheckedAdd(totals.before_microjoules(), before);
    const auto after_sum = CheckedAdd(totals.after_microjoules(), after);
    if (!before_sum.ok() || !after_sum.ok()) return PriceOutOfRange();
    totals.set_before_microjoules(*before_sum);
    totals.set_after_microjoules(*after_sum);
    return absl::OkStatus();
  }

  absl::Status AddEvent(const v1::RerateEvent& event) {
    if (event.member() < 0 || static_cast<std::size_t>(event.member()) >= totals_.size()) {
      return FieldInvalid("member", "must be one that was sent");
    }
    JB_ASSIGN_OR_RETURN(const Usage usage, FromRequest(event.usage()));
    JB_ASSIGN_OR_RETURN(const Prices prices, PricesOf(usage));
    v1::RerateTotals& totals = totals_[static_cast<std::size_t>(event.member())];
    totals.set_events(totals.events() + 1);
    return Sum(prices.before, prices.after, totals);
  }

  // With the congestion that held at the time, kept between the tariff's own floor and ceiling.
  absl::StatusOr<PriceTotals> PriceBy(const Tariff& tariff, Usage usage) const {
    usage.congestion_ppm = snapshot_->CongestionPpm(tariff, usage.operation, usage.at);
    JB_RETURN_IF_ERROR(CheckAsked(tariff, usage));
    return PriceWithoutSteps(tariff, usage);
  }

  // Equal usage costs the same, and most of a fleet's usage is equal to some of before.
  absl::StatusOr<Prices> PricesOf(const Usage& usage) {
    const auto known = known_.find(usage);
    if (known != known_.end()) return known->second;
    JB_ASSIGN_OR_RETURN(const PriceTotals before, PriceBy(before_->tariff, usage));
    JB_ASSIGN_OR_RETURN(const PriceTotals after, PriceBy(after_->tariff, usage));
    const Prices prices{before.total, after.total};
    if (known_.size() < kMaxKnown) known_.emplace(usage, prices);
    return prices;
  }

  // The same error, and which event of the message it is about.
  static absl::Status WithPlace(const absl::Status& status, int index) {
    auto info = GetErrorInfo(status);
    if (!info.has_value()) return status;
    info->metadata["event"] = std::to_string(index);
    return MakeError(status.code(), *info, absl::StrCat("events[", index, "]: ", status.message()));
  }

  const RerateDependencies& deps_;
  absl::flat_hash_map<Usage, Prices> known_;
  std::shared_ptr<const TariffSnapshot> snapshot_;
  const LiveTariff* before_ = nullptr;
  const LiveTariff* after_ = nullptr;
  std::vector<v1::RerateTotals> totals_;
  // The most bytes of the answer: the totals of all members together, and of each.
  std::size_t answer_bytes_ = kMaxTotalsBytes;
};

// Shared by gRPC and the registry of open streams. Thread-safe.
class RerateCall final : public RerateCalls::Reactor,
                         public OpenStream,
                         public std::enable_shared_from_this<RerateCall> {
 public:
  RerateCall(const RerateDependencies& deps, OpenStreams& streams,
             grpc::CallbackServerContext& context, const absl::StatusOr<Admission>& admission,
             v1::RerateResponse& response)
      : streams_(streams),
        admission_(admission),
        rerating_(deps),
        response_(response),
        unread_(context) {}

  // From now on the call keeps itself until it is over.
  void Start() override {
    const std::lock_guard lock(mutex_);
    self_ = shared_from_this();
    if (!is_finished_) StartRead(&request_);
  }
  void End(const absl::Status& status) override {
    const std::lock_guard lock(mutex_);
    EndWith(status);
  }
  void CancelIfUnread(Duration now, Duration limit) override {
    const std::lock_guard lock(mutex_);
    unread_.CancelIfUnread(now, limit);
  }

 private:
  void OnReadDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    if (is_finished_) return;
    const absl::Status taken = Take(ok);
    if (ok && taken.ok()) {
      StartRead(&request_);
    } else {
      EndWith(taken);
    }
  }

  void OnDone() override {
    std::shared_ptr<RerateCall> self;
    {
      const std::lock_guard lock(mutex_);
      unread_.Stop();
      self = std::move(self_);
    }
    streams_.Remove(*this);
  }

  // All of these need the lock.

  absl::Status Take(bool is_message) {
    JB_RETURN_IF_ERROR(admission_->Check());
    if (!is_message) {
      return has_begun_ ? rerating_.Finish(response_)
                        : FieldInvalid("before", "must be in the first message");
    }
    if (!has_begun_) JB_RETURN_IF_ERROR(rerating_.Begin(request_));
    has_begun_ = true;
    return rerating_.Add(request_);
  }

  void EndWith(const absl::Status& status) {
    if (is_finished_) return;
    is_finished_ = true;
    unread_.Start(streams_.clock().MonotonicNow());
    Finish(streams_.boundary().Finish(kMethod, status));
  }

  OpenStreams& streams_;
  const absl::StatusOr<Admission> admission_;
  std::mutex mutex_;
  std::shared_ptr<RerateCall> self_;
  Rerating rerating_;
  v1::RerateResponse& response_;
  v1::RerateRequest request_;
  bool has_begun_ = false;
  bool is_finished_ = false;
  // Runs while the call's end is on its way to the client.
  UnreadTimer unread_;
};

}  // namespace

RerateCalls::RerateCalls(RerateDependencies dependencies, const StreamLimits& limits,
                         Timers& timers)
    : deps_(std::move(dependencies)), streams_(CostingBoundary(), limits, deps_.clock, timers) {}

RerateCalls::Reactor* RerateCalls::Open(grpc::CallbackServerContext& context,
                                        const absl::StatusOr<Admission>& admission,
                                        v1::RerateResponse& response) {
  const auto call = std::make_shared<RerateCall>(deps_, streams_, context, admission, response);
  streams_.Open(call, admission);
  return call.get();
}

}  // namespace joulebook::costing
