#include "services/costing/domain/session.h"

#include <algorithm>

#include "absl/time/civil_time.h"
#include "services/costing/domain/errors.h"

namespace joulebook::costing {
namespace {
constexpr int kDaysAhead = 7;
}  // namespace

absl::Status CheckMeterable(const Tariff& tariff, const Usage& usage) {
  const auto price = tariff.operations.find(usage.operation);
  if (price == tariff.operations.end()) return OperationNotPriced(usage.operation);
  const auto& terms = price->second.terms;
  const bool has_volume = std::any_of(terms.begin(), terms.end(), [](const Term& term) {
    return term.rate.tiering == Tiering::kVolume;
  });
  if (has_volume || usage.count != 1) return NotMeterable(usage.operation);
  return absl::OkStatus();
}

Usage WithUnits(Usage usage, MeteredUnit unit, int64_t units) {
  switch (unit) {
    case MeteredUnit::kBytes:
      usage.size_bytes = units;
      break;
    case MeteredUnit::kSeconds:
      usage.duration_s = units;
      break;
    case MeteredUnit::kResults:
      usage.results = units;
      break;
  }
  return usage;
}

absl::StatusOr<PriceTotals> SlicePrice(const Tariff& tariff, const Usage& usage, MeteredUnit unit,
                                       int64_t from, int64_t to, bool is_first) {
  JB_ASSIGN_OR_RETURN(PriceTotals slice, PriceWithoutSteps(tariff, WithUnits(usage, unit, to)));
  if (is_first) return slice;
  JB_ASSIGN_OR_RETURN(const PriceTotals before,
                      PriceWithoutSteps(tariff, WithUnits(usage, unit, from)));
  slice.total -= before.total;
  for (std::size_t part = 0; part < kParts; ++part) slice.parts[part] -= before.parts[part];
  return slice;
}

Time NextWindowEdge(const Tariff& tariff, Time at) {
  const absl::Time now = absl::FromChrono(at);
  const absl::CivilDay today(absl::ToCivilSecond(now, tariff.zone));
  absl::Time next = now + absl::Hours(24 * kDaysAhead);
  // Every edge on every day: one too many only cuts a grant short.
  for (int day = 0; day <= kDaysAhead; ++day) {
    const absl::CivilMinute midnight(today + day);
    for (const TimeWindow& window : tariff.windows) {
      for (const int32_t minute : {window.from_minute, window.to_minute}) {
        const auto info = tariff.zone.At(absl::CivilSecond(midnight + minute));
        // A local time that is skipped or repeated has several instants.
        for (const absl::Time edge : {info.pre, info.trans, info.post}) {
          if (edge > now) next = std::min(next, edge);
        }
      }
    }
  }
  return Time(Duration(absl::ToUnixMicros(next)));
}

}  // namespace joulebook::costing
