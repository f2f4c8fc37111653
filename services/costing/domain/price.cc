#include "services/costing/domain/price.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "services/costing/domain/errors.h"

namespace joulebook::costing {
namespace {

constexpr int64_t kMillion = 1'000'000;
constexpr int64_t kSecondsOfDay = 86'400;
constexpr std::size_t kUsualSteps = 12;

// The parts that are scaled together; the proof of work is not.
constexpr Part kScaledParts[] = {Part::kComputation, Part::kStorage, Part::kNetwork};

absl::Status CheckRange(std::string_view field, int64_t value, int64_t smallest, int64_t largest) {
  if (value >= smallest && value <= largest) return absl::OkStatus();
  return FieldInvalid(field, absl::StrCat("must be ", smallest, " to ", largest));
}

Rational QuantityOf(const Tariff& tariff, const Usage& usage, Quantity quantity) {
  switch (quantity) {
    case Quantity::kOperations:
      return Rational(1);
    case Quantity::kKilobytes:
      return Rational::Of(usage.size_bytes, tariff.kilobyte_bytes);
    case Quantity::kMegabytes:
      return Rational::Of(usage.size_bytes, tariff.megabyte_bytes);
    case Quantity::kCopyMegabytes:
      return Rational::Of(usage.size_bytes, tariff.megabyte_bytes) * usage.copies;
    case Quantity::kNodeMegabytes:
      return Rational::Of(usage.size_bytes, tariff.megabyte_bytes) * usage.nodes;
    case Quantity::kGigabyteDays:
      return Rational::Of(usage.size_bytes, tariff.gigabyte_bytes) *
             Rational::Of(usage.duration_s, kSecondsOfDay);
    case Quantity::kNodes:
      return Rational(usage.nodes);
    case Quantity::kResults:
      return Rational(usage.results);
    case Quantity::kSeconds:
      return Rational::Of(usage.timeout_ms, 1'000);
    case Quantity::kLateMilliseconds:
      return Rational(std::max<int64_t>(0, usage.latency_ms - tariff.latency_threshold_ms));
  }
  return {};
}

Rational ScaleOf(const Tariff& tariff, const Usage& usage, Scale scale) {
  switch (scale) {
    case Scale::kDurability:
      return tariff.durability[static_cast<std::size_t>(usage.durability)];
    case Scale::kRedundancy:
      return tariff.first_copy + tariff.further_copy * (usage.copies - 1);
    case Scale::kReliability:
      return 1 - tariff.reliability_discount * Rational::Of(usage.reliability_ppm, kMillion);
    case Scale::kBroadcast:
      return tariff.broadcast_factor;
  }
  return {};
}

bool Holds(const TimeWindow& window, absl::TimeZone zone, Time at) {
  const absl::CivilSecond local = absl::ToCivilSecond(absl::FromChrono(at), zone);
  const auto weekday = static_cast<std::size_t>(absl::GetWeekday(local));
  const int minute = local.hour() * 60 + local.minute();
  return window.weekdays[weekday] && minute >= window.from_minute && minute < window.to_minute;
}

// Goes through a price line by line; each line says what its part comes to. The lines are kept in
// `bill`, if there is one.
class Pricer {
 public:
  Pricer(const Tariff& tariff, const Usage& usage, Bill* bill)
      : tariff_(tariff), usage_(usage), bill_(bill) {}

  absl::StatusOr<PriceTotals> Make(const OperationPrice& price) {
    for (const Term& term : price.terms) AddTerm(term);
    ScaleByUse();
    ScaleAll("count", usage_.count);
    Discount();
    if (price.asks_proof_of_work) AddProofOfWork();
    JB_RETURN_IF_ERROR(Round());
    JB_RETURN_IF_ERROR(TopUp(price.minimum_joules));
    return totals_;
  }

 private:
  Rational& joules(Part part) { return joules_[static_cast<std::size_t>(part)]; }
  int64_t& rounded(Part part) { return totals_.parts[static_cast<std::size_t>(part)]; }

  void AddTerm(const Term& term) {
    const Rational quantity = QuantityOf(tariff_, usage_, term.quantity) * term.times;
    const Rational amount = TieredPrice(term.rate, quantity);
    Rational factor = 1;
    for (const Scale scale : term.scales) factor = factor * ScaleOf(tariff_, usage_, scale);
    joules(term.part) = joules(term.part) + amount * factor;
    if (bill_ != nullptr) {
      Keep({Step::Kind::kTerm, term.part, term.rate_name, quantity, amount, factor});
    }
  }

  // Scales by the use itself: how useful, how urgent, how hard, and when.
  void ScaleByUse() {
    if (usage_.utility_ppm.has_value()) {
      const Rational utility = Rational::Of(*usage_.utility_ppm, kMillion);
      ScalePart(Part::kStorage, "utility",
                tariff_.utility_highest - tariff_.utility_slope * utility);
    }
    const auto priority = static_cast<std::size_t>(usage_.priority);
    ScaleAll("priority ", tariff_.priority[priority], kPriorityNames[priority]);
    const auto complexity = static_cast<std::size_t>(usage_.complexity);
    ScaleAll("complexity ", tariff_.complexity[complexity], kComplexityNames[complexity]);
    for (const TimeWindow& window : tariff_.windows) {
      if (Holds(window, tariff_.zone, usage_.at)) ScaleAll(window.name, window.factor);
    }
    if (usage_.congestion_ppm == kMillion) return;
    ScaleAll("congestion", Rational::Of(usage_.congestion_ppm, kMillion));
  }

  void Discount() {
    Rational left = 1;
    if (usage_.count > 1) TakeOff("batch", tariff_.batch_discount, left);
    for (const std::string& name : usage_.discounts) {
      TakeOff(name, tariff_.discounts.at(name), left);
    }
  }

  // `left` is the share of the price that earlier discounts left.
  void TakeOff(const std::string& name, const Rational& share, Rational& left) {
    // A cap of 1 may leave nothing, and nothing is not scaled any more.
    if (left.IsZero()) return;
    const Rational off = tariff_.stacking == Stacking::kMultiply ? share * left : share;
    const Rational after = std::max(left - off, 1 - tariff_.discount_cap);
    ScaleAll(name, after / left);
    left = after;
  }

  void AddProofOfWork() {
    const int32_t bits = DifficultyBits(tariff_.proof_of_work, usage_.reputation_ppm);
    const Rational amount = ProofOfWorkPrice(tariff_.proof_of_work, bits);
    joules(Part::kProofOfWork) = amount * usage_.count;
    if (bill_ != nullptr) {
      Keep({Step::Kind::kTerm, Part::kProofOfWork, "proof_of_work", bits, amount, usage_.count});
    }
  }

  void ScaleAll(std::string_view name, const Rational& factor, std::string_view choice = {}) {
    if (factor == Rational(1)) return;
    for (const Part part : kScaledParts) ScalePart(part, name, factor, choice);
  }

  // Leaves no line where nothing changes. The line's name is `name` and the choice behind it.
  void ScalePart(Part part, std::string_view name, const Rational& factor,
                 std::string_view choice = {}) {
    if (factor == Rational(1) || joules(part).IsZero()) return;
    joules(part) = joules(part) * factor;
    if (bill_ != nullptr) {
      Keep({.kind = Step::Kind::kFactor,
            .part = part,
            .name = absl::StrCat(ToAbsl(name), ToAbsl(choice)),
            .factor = factor});
    }
  }

  void Keep(Step step) {
    step.joules = joules(step.part);
    bill_->steps.push_back(std::move(step));
  }

  absl::Status Round() {
    for (std::size_t part = 0; part < kParts; ++part) {
      if (joules_[part].IsZero()) continue;
      const Rational exact = joules_[part] * kMillion;
      JB_ASSIGN_OR_RETURN(totals_.parts[part], exact.Round(tariff_.rounding));
      JB_ASSIGN_OR_RETURN(totals_.total, CheckedAdd(totals_.total, totals_.parts[part]));
      if (bill_ != nullptr) bill_->residues[part] = exact - totals_.parts[part];
    }
    return absl::OkStatus();
  }

  // The amount short of the minimum counts as computation. The rounded parts have to reach the
  // minimum: exact ones could, and still round to less for more use.
  absl::Status TopUp(const Rational& minimum) {
    const Rational least = minimum * kMillion * usage_.count;
    JB_ASSIGN_OR_RETURN(const int64_t least_units, least.Round(tariff_.rounding));
    const int64_t missing = least_units - (totals_.total - rounded(Part::kProofOfWork));
    if (missing <= 0) return absl::OkStatus();
    rounded(Part::kComputation) += missing;
    JB_ASSIGN_OR_RETURN(totals_.total, CheckedAdd(totals_.total, missing));
    if (bill_ == nullptr) return absl::OkStatus();
    joules(Part::kComputation) = Rational::Of(rounded(Part::kComputation), kMillion);
    bill_->residues[static_cast<std::size_t>(Part::kComputation)] = Rational();
    Keep({Step::Kind::kTopUp, Part::kComputation, "minimum"});
    return absl::OkStatus();
  }

  const Tariff& tariff_;
  const Usage& usage_;
  Bill* const bill_;
  std::array<Rational, kParts> joules_;
  PriceTotals totals_;
};

absl::StatusOr<PriceTotals> MakePrice(const Tariff& tariff, const Usage& usage, Bill* bill) {
  JB_RETURN_IF_ERROR(CheckUsage(tariff, usage));
  const auto price = tariff.operations.find(usage.operation);
  if (price == tariff.operations.end()) return OperationNotPriced(usage.operation);
  absl::StatusOr<PriceTotals> totals = Pricer(tariff, usage, bill).Make(price->second);
  if (absl::IsOutOfRange(totals.status())) return PriceOutOfRange();
  return totals;
}

}  // namespace

absl::Status CheckUsage(const Tariff& tariff, const Usage& usage) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  JB_RETURN_IF_ERROR(CheckRange("count", usage.count, 1, tariff.max_batch));
  JB_RETURN_IF_ERROR(CheckRange("data_size_bytes", usage.size_bytes, 0, kMax));
  JB_RETURN_IF_ERROR(CheckRange("duration_s", usage.duration_s, 0, kMax));
  JB_RETURN_IF_ERROR(CheckRange("redundancy", usage.copies, 1, tariff.max_copies));
  JB_RETURN_IF_ERROR(CheckRange("nodes", usage.nodes, 0, tariff.max_nodes));
  JB_RETURN_IF_ERROR(CheckRange("results", usage.results, 0, tariff.max_results));
  JB_RETURN_IF_ERROR(CheckRange("timeout_ms", usage.timeout_ms, 0, tariff.max_timeout_ms));
  JB_RETURN_IF_ERROR(CheckRange("latency_ms", usage.latency_ms, 0, kMax));
  JB_RETURN_IF_ERROR(CheckRange("concurrent_searches", usage.concurrent_searches, 0,
                                tariff.max_concurrent_searches));
  JB_RETURN_IF_ERROR(CheckRange("congestion_ppm", usage.congestion_ppm, tariff.congestion.floor_ppm,
                                tariff.congestion.ceiling_ppm));
  JB_RETURN_IF_ERROR(CheckRange("reputation_ppm", usage.reputation_ppm, 0, kMillion));
  JB_RETURN_IF_ERROR(CheckRange("reliability_ppm", usage.reliability_ppm, 0, kMillion));
  JB_RETURN_IF_ERROR(CheckRange("utility_ppm", usage.utility_ppm.value_or(0), 0, kMillion));
  for (std::size_t i = 0; i < usage.discounts.size(); ++i) {
    const std::string& name = usage.discounts[i];
    const std::string field = absl::StrCat("discounts[", i, "]");
    if (!tariff.discounts.contains(name)) return FieldInvalid(field, "is not in the tariff");
    const auto end = usage.discounts.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(usage.discounts.begin(), end, name) != end) {
      return FieldInvalid(field, "is named twice");
    }
  }
  return absl::OkStatus();
}

Rational TieredPrice(const Rate& rate, const Rational& quantity) {
  Rational sum;
  Rational from;
  for (const Tier& tier : rate.tiers) {
    const bool is_last = !tier.up_to.has_value() || quantity < *tier.up_to;
    if (rate.tiering == Tiering::kVolume && is_last) return tier.joules * quantity;
    const Rational to = is_last ? quantity : *tier.up_to;
    sum = sum + tier.joules * (to - from);
    if (is_last) break;
    from = to;
  }
  return sum;
}

absl::StatusOr<Bill> Price(const Tariff& tariff, const Usage& usage) {
  Bill bill;
  bill.steps.reserve(kUsualSteps);
  JB_ASSIGN_OR_RETURN(const PriceTotals totals, MakePrice(tariff, usage, &bill));
  bill.parts = totals.parts;
  bill.total = totals.total;
  return bill;
}

absl::StatusOr<PriceTotals> PriceWithoutSteps(const Tariff& tariff, const Usage& usage) {
  return MakePrice(tariff, usage, nullptr);
}

}  // namespace joulebook::costing
