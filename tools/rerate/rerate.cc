#include "tools/rerate/rerate.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/money/decimal.h"
#include "common/rpc/status_conversion.h"
#include "tools/metered_day/trace.h"
#include "tools/metered_day/usage.h"

namespace joulebook::rerate {
namespace {

constexpr Duration kTimeout = std::chrono::hours(1);
constexpr int kEventsPerMessage = 4'000;
constexpr int kJouleScale = 6;

using Writer = grpc::ClientWriter<costing::v1::RerateRequest>;

// Usage becomes events, and full messages go out.
class EventStream {
 public:
  EventStream(const Options& options, Writer& writer) : options_(options), writer_(writer) {
    *message_.mutable_before() = options.before;
    *message_.mutable_after() = options.after;
  }

  absl::Status Add(const metered_day::Usage& usage) {
    metered_day::ToProto(usage, options_.reputation_ppm, AddEvent(usage.member));
    return SendIfFull();
  }
  absl::Status Add(const PricedUsage& used) {
    AddEvent(used.member) = used.usage;
    return SendIfFull();
  }

  absl::Status Send() {
    if (!writer_.Write(message_)) return absl::UnavailableError("the stream ended");
    message_.Clear();
    return absl::OkStatus();
  }

 private:
  // The usage of a new event of the member.
  type::v1::Usage& AddEvent(const std::string& name) {
    const auto [member, is_new] = members_.try_emplace(name, static_cast<int32_t>(members_.size()));
    if (is_new) message_.add_new_members(name);
    costing::v1::RerateEvent& event = *message_.add_events();
    event.set_member(member->second);
    return *event.mutable_usage();
  }

  absl::Status SendIfFull() {
    return message_.events_size() < kEventsPerMessage ? absl::OkStatus() : Send();
  }

  const Options& options_;
  Writer& writer_;
  costing::v1::RerateRequest message_;
  std::unordered_map<std::string, int32_t> members_;
};

// The whole call; `add_all` adds the events.
template <typename AddAll>
absl::StatusOr<costing::v1::RerateResponse> RerateAll(const Options& options,
                                                      const AddAll& add_all) {
  const auto stub = costing::v1::CostingService::NewStub(MakeChannel(options.channel));
  grpc::ClientContext context;
  PrepareCall(context, kTimeout, options.token);
  costing::v1::RerateResponse response;
  const auto writer = stub->Rerate(&context, &response);
  EventStream events(options, *writer);
  absl::Status sent = add_all(events);
  if (sent.ok()) sent = events.Send();
  if (!sent.ok() && !absl::IsUnavailable(sent)) context.TryCancel();
  writer->WritesDone();
  const absl::Status finished = FromGrpcStatus(writer->Finish());
  // Usage that cannot be read is the cause of whatever the call says.
  if (!sent.ok() && !absl::IsUnavailable(sent)) return sent;
  JB_RETURN_IF_ERROR(finished);
  JB_RETURN_IF_ERROR(sent);
  return response;
}

std::string Joules(int64_t microjoules) { return FormatDecimal(microjoules, kJouleScale); }

}  // namespace

absl::StatusOr<costing::v1::TariffSelector> ParseSelector(std::string_view text) {
  costing::v1::TariffSelector selector;
  const std::size_t colon = text.find(':');
  selector.set_name(std::string(text.substr(0, colon)));
  int64_t version = 0;
  if (colon != std::string_view::npos &&
      (!absl::SimpleAtoi(ToAbsl(text.substr(colon + 1)), &version) || version < 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a tariff is NAME or NAME:VERSION, not ", ToAbsl(text)));
  }
  selector.set_version(version);
  return selector;
}

absl::StatusOr<costing::v1::RerateResponse> Rerate(const Options& options, std::istream& csv) {
  return RerateAll(options, [&](EventStream& events) {
    return metered_day::VisitTrace(
        csv, [&](const metered_day::Usage& usage) { return events.Add(usage); });
  });
}

absl::StatusOr<costing::v1::RerateResponse> Rerate(const Options& options,
                                                   std::span<const PricedUsage> used) {
  return RerateAll(options, [&](EventStream& events) -> absl::Status {
    for (const PricedUsage& one : used) JB_RETURN_IF_ERROR(events.Add(one));
    return absl::OkStatus();
  });
}

std::string DifferenceTable(const costing::v1::RerateResponse& totals, std::size_t members) {
  std::string text = absl::StrFormat("%-14s %10s %20s %20s %20s\n", "member (J)", "events",
                                     "before", "after", "difference");
  const auto append = [&](const std::string& name, const costing::v1::RerateTotals& t) {
    absl::StrAppendFormat(&text, "%-14s %10d %20s %20s %20s\n", name, t.events(),
                          Joules(t.before_microjoules()), Joules(t.after_microjoules()),
                          Joules(t.after_microjoules() - t.before_microjoules()));
  };
  std::vector<const costing::v1::RerateTotals*> sorted;
  for (const auto& member : totals.members()) sorted.push_back(&member);
  const auto difference = [](const costing::v1::RerateTotals* t) {
    return std::abs(t->after_microjoules() - t->before_microjoules());
  };
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const auto* a, const auto* b) { return difference(a) > difference(b); });
  for (std::size_t i = 0; i < std::min(members, sorted.size()); ++i) {
    append(sorted[i]->member(), *sorted[i]);
  }
  append(absl::StrCat("all ", sorted.size()), totals.all());
  return text;
}

}  // namespace joulebook::rerate
