#include "services/costing/domain/publish.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/costing/domain/errors.h"

namespace joulebook::costing {
namespace {

constexpr int64_t kMillion = 1'000'000;
constexpr int64_t kPeriodsAhead = 2;

Recorded<PublishedTariff> New(const TariffDocument& document, const std::string& hash, Time now) {
  const Tariff& tariff = document.tariff;
  return {.value = {.hash = hash,
                    .name = tariff.name,
                    .version = tariff.version,
                    .effective = tariff.effective,
                    .published = now,
                    .document = document.canonical},
          .is_new = true};
}

// Reports of demand are counted by it.
absl::Status CheckPeriodStays(const Tariff& tariff, std::span<const PublishedTariff> of_name,
                              const ZoneFinder& find_zone) {
  if (of_name.empty()) return absl::OkStatus();
  const PublishedTariff& latest = of_name.back();
  const auto document = ParseTariff(latest.document, find_zone);
  if (!document.ok()) {
    return TariffUnreadable(latest.name, latest.version, ToStd(document.status().message()));
  }
  const int64_t period_s = document->tariff.congestion.period_s;
  if (tariff.congestion.period_s == period_s) return absl::OkStatus();
  return TariffInvalid("congestion.period_s",
                       absl::StrCat("must stay ", period_s, " in all versions"));
}

}  // namespace

absl::StatusOr<Recorded<PublishedTariff>> DecidePublication(
    const TariffDocument& document, const std::string& hash,
    std::span<const PublishedTariff> of_name, const ZoneFinder& find_zone, Duration notice,
    Time now, const std::string& tzdata_version) {
  const Tariff& tariff = document.tariff;
  const auto same_version = std::find_if(of_name.begin(), of_name.end(), [&](const auto& other) {
    return other.version == tariff.version;
  });
  if (same_version != of_name.end()) {
    if (same_version->hash == hash) return Recorded<PublishedTariff>{*same_version, false};
    return DifferentContent(absl::StrCat(tariff.name, ":", tariff.version), "document");
  }
  JB_RETURN_IF_ERROR(CheckPeriodStays(tariff, of_name, find_zone));
  const int64_t next = of_name.empty() ? 1 : of_name.back().version + 1;
  if (tariff.version != next) return TariffVersionNotNext(tariff.name, next);
  Time earliest = now + std::max(notice, Duration(1));
  if (!of_name.empty()) earliest = std::max(earliest, of_name.back().effective + Duration(1));
  if (tariff.effective < earliest) return TariffTooEarly(earliest.time_since_epoch().count());
  auto published = New(document, hash, now);
  published.value.tzdata_version = tzdata_version;
  return published;
}

absl::StatusOr<Recorded<CongestionPeriod>> DecideReport(const Tariff& tariff,
                                                        const std::string& class_name,
                                                        int64_t period, int64_t demand,
                                                        const std::optional<CongestionPeriod>& last,
                                                        Duration lead, Time now) {
  const CongestionRule& rule = tariff.congestion;
  const auto congestion =
      std::find_if(rule.classes.begin(), rule.classes.end(),
                   [&](const CongestionClass& other) { return other.name == class_name; });
  if (congestion == rule.classes.end()) return ClassNotFound(class_name);
  if (demand < 0) return FieldInvalid("demand", "must not be negative");
  if (last.has_value() && last->period == period) {
    if (last->demand == demand) return Recorded<CongestionPeriod>{*last, false};
    return DifferentContent(absl::StrCat(class_name, ":", period), "demand");
  }
  const int64_t due = PeriodOf(rule, now) - 1;
  if (period != due || PeriodOf(rule, now + lead) - 1 != due) {
    return PeriodNotDue(period, PeriodOf(rule, now + lead) - 1);
  }
  const int64_t factor_ppm = last.has_value() ? last->next_factor_ppm : kMillion;
  JB_ASSIGN_OR_RETURN(const int64_t next_ppm, NextFactor(rule, *congestion, factor_ppm, demand));
  return Recorded<CongestionPeriod>{.value = {.tariff_name = tariff.name,
                                              .class_name = class_name,
                                              .period = period,
                                              .demand = demand,
                                              .next_factor_ppm = next_ppm},
                                    .is_new = true};
}

int64_t FactorAt(const CongestionRule& rule, std::span<const CongestionPeriod> reports, Time at) {
  const int64_t period = PeriodOf(rule, at);
  const auto later = std::partition_point(
      reports.begin(), reports.end(),
      [&](const CongestionPeriod& report) { return report.period + kPeriodsAhead <= period; });
  const int64_t factor_ppm =
      later == reports.begin() ? kMillion : std::prev(later)->next_factor_ppm;
  return std::clamp(factor_ppm, rule.floor_ppm, rule.ceiling_ppm);
}

}  // namespace joulebook::costing
