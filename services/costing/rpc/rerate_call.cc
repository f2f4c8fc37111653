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
constexpr std::size_t kMaxMembers = 1'000'000;
constexpr std::size_t kMaxMemberBytes = 128;
// Different usages whose prices are remembered: a few megabytes.
constexpr std::size_t kMaxKnown = 16'384;

// Of one usage, micro-joules under both tariffs.
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
      if (totals_.size() == kMaxMembers) {
        return FieldInvalid("new_members", "must be at most 1000000 in a stream");
      }
      if (member.size() > kMaxMemberBytes) {
        return FieldInvalid("new_members", "must be at most 128 bytes each");
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
};

class RerateCall final : public grpc::ServerReadReactor<v1::RerateRequest> {
 public:
  RerateCall(const RerateDependencies& deps, const Admission& admission,
             v1::RerateResponse* response)
      : admission_(admission), rerating_(deps), response_(response) {
    StartRead(&request_);
  }

  void Refuse(const absl::Status& status) { Finish(CostingBoundary().Finish(kMethod, status)); }

  void OnReadDone(bool ok) override {
    if (const absl::Status admitted = admission_.Check(); !admitted.ok()) {
      Refuse(admitted);
      return;
    }
    if (!ok) {
      Refuse(has_begun_ ? rerating_.Finish(*response_)
                        : FieldInvalid("before", "must be in the first message"));
      return;
    }
    absl::Status status = has_begun_ ? absl::OkStatus() : rerating_.Begin(request_);
    has_begun_ = true;
    if (status.ok()) status = rerating_.Add(request_);
    if (!status.ok()) {
      Refuse(status);
      return;
    }
    StartRead(&request_);
  }

  void OnDone() override { delete this; }

 private:
  const Admission admission_;
  Rerating rerating_;
  v1::RerateResponse* const response_;
  v1::RerateRequest request_;
  bool has_begun_ = false;
};

// A call that ends at once.
class RefusedCall final : public grpc::ServerReadReactor<v1::RerateRequest> {
 public:
  explicit RefusedCall(const absl::Status& status) {
    Finish(CostingBoundary().Finish(kMethod, status));
  }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerReadReactor<v1::RerateRequest>* MakeRerateCall(
    const RerateDependencies& dependencies, const absl::StatusOr<Admission>& admission,
    v1::RerateResponse* response) {
  if (!admission.ok()) return new RefusedCall(admission.status());
  return new RerateCall(dependencies, *admission, response);
}

}  // namespace joulebook::costing
