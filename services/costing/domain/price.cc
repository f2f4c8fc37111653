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

// What is scaled together; the proof of work is not.
constexpr Part kScaledParts[] = {Part::kComputation, Part::kStorage, Part::kNetwork};

absl::Status CheckRange(std::string_view field, int64_t value, int64_t smallest, int64_t largest) {
  if (value >= smallest && value <= largest) return absl::OkStatus();
  return FieldInvalid(field, absl::StrCat("must be ", smallest, " to ", largest));
}

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

absl::StatusOr<Rational> QuantityOf(const Tariff& tariff, const Usage& usage, Quantity quantity) {
  switch (quantity) {
    case Quantity::kOperations:
      return Rational(1);
    case Quantity::kKilobytes:
      return Rational::Of(usage.size_bytes, tariff.kilobyte_bytes);
    case Quantity::kMegabytes:
      return Rational::Of(usage.size_bytes, tariff.megabyte_bytes);
    case Quantity::kCopyMegabytes: {
      JB_ASSIGN_OR_RETURN(const Rational size,
                          Rational::Of(usage.size_bytes, tariff.megabyte_bytes));
      return size.Times(usage.copies);
    }
    case Quantity::kNodeMegabytes: {
      JB_ASSIGN_OR_RETURN(const Rational size,
                          Rational::Of(usage.size_bytes, tariff.megabyte_bytes));
      return size.Times(usage.nodes);
    }
    case Quantity::kGigabyteDays: {
      JB_ASSIGN_OR_RETURN(const Rational size,
                          Rational::Of(usage.size_bytes, tariff.gigabyte_bytes));
      JB_ASSIGN_OR_RETURN(const Rational days, Rational::Of(usage.duration_s, kSecondsOfDay));
      return size.Times(days);
    }
    case Quantity::kNodes:
      return Rational(usage.nodes);
    case Quantity::kResults:
      return Rational(usage.results);
    case Quantity::kSeconds:
      return Rational::Of(usage.timeout_ms, 1'000);
    case Quantity::kLateMilliseconds:
      return Rational(std::max<int64_t>(0, usage.latency_ms - tariff.latency_threshold_ms));
  }
  return absl::InternalError("no such quantity");
}

absl::StatusOr<Rational> ScaleOf(const Tariff& tariff, const Usage& usage, Scale scale) {
  switch (scale) {
    case Scale::kDurability:
      return tariff.durability[static_cast<std::size_t>(usage.durability)];
    case Scale::kRedundancy: {
      JB_ASSIGN_OR_RETURN(const Rational further, tariff.further_copy.Times(usage.copies - 1));
      return tariff.first_copy.Plus(further);
    }
    case Scale::kReliability: {
      JB_ASSIGN_OR_RETURN(const Rational reliability,
                          Rational::Of(usage.reliability_ppm, kMillion));
      JB_ASSIGN_OR_RETURN(const Rational off, tariff.reliability_discount.Times(reliability));
      return Rational(1).Minus(off);
    }
    case Scale::kBroadcast:
      return tariff.broadcast_factor;
  }
  return absl::InternalError("no such scale");
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
  Pricer(const Tariff& tariff, const Usage& usage, MinimumCharge minimum, Bill* bill)
      : tariff_(tariff), usage_(usage), minimum_(minimum), bill_(bill) {}

  absl::StatusOr<PriceTotals> Make(const OperationPrice& price) {
    for (const Term& term : price.terms) JB_RETURN_IF_ERROR(AddTerm(term));
    JB_RETURN_IF_ERROR(ScaleByUse());
    JB_RETURN_IF_ERROR(ScaleAll("count", usage_.count));
    JB_RETURN_IF_ERROR(Discount());
    if (price.asks_proof_of_work) JB_RETURN_IF_ERROR(AddProofOfWork());
    JB_RETURN_IF_ERROR(Round());
    if (minimum_ == MinimumCharge::kApplies) JB_RETURN_IF_ERROR(TopUp(price.minimum_joules));
    return totals_;
  }

 private:
  Rational& joules(Part part) { return joules_[static_cast<std::size_t>(part)]; }
  int64_t& rounded(Part part) { return totals_.parts[static_cast<std::size_t>(part)]; }

  absl::Status AddTerm(const Term& term) {
    JB_ASSIGN_OR_RETURN(Rational quantity, QuantityOf(tariff_, usage_, term.quantity));
    JB_ASSIGN_OR_RETURN(quantity, quantity.Times(term.times));
    JB_ASSIGN_OR_RETURN(const Rational amount, TieredPrice(term.rate, quantity));
    Rational factor = 1;
    for (const Scale scale : term.scales) {
      JB_ASSIGN_OR_RETURN(const Rational next, ScaleOf(tariff_, usage_, scale));
      JB_ASSIGN_OR_RETURN(factor, factor.Times(next));
    }
    JB_ASSIGN_OR_RETURN(const Rational more, amount.Times(factor));
    JB_ASSIGN_OR_RETURN(joules(term.part), joules(term.part).Plus(more));
    if (bill_ != nullptr) {
      Keep({Step::Kind::kTerm, term.part, term.rate_name, quantity, amount, factor});
    }
    return absl::OkStatus();
  }

  // What the use itself scales: how useful, how urgent, how hard, and when.
  absl::Status ScaleByUse() {
    if (usage_.utility_ppm.has_value()) {
      JB_ASSIGN_OR_RETURN(const Rational utility, Rational::Of(*usage_.utility_ppm, kMillion));
      JB_ASSIGN_OR_RETURN(const Rational off, tariff_.utility_slope.Times(utility));
      JB_ASSIGN_OR_RETURN(const Rational factor, tariff_.utility_highest.Minus(off));
      JB_RETURN_IF_ERROR(ScalePart(Part::kStorage, "utility", factor));
    }
    const auto priority = static_cast<std::size_t>(usage_.priority);
    JB_RETURN_IF_ERROR(ScaleAll("priority ", tariff_.priority[priority], kPriorityNames[priority]));
    const auto complexity = static_cast<std::size_t>(usage_.complexity);
    JB_RETURN_IF_ERROR(
        ScaleAll("complexity ", tariff_.complexity[complexity], kComplexityNames[complexity]));
    for (const TimeWindow& window : tariff_.windows) {
      if (!Holds(window, tariff_.zone, usage_.at)) continue;
      JB_RETURN_IF_ERROR(ScaleAll(window.name, window.factor));
    }
    if (usage_.congestion_ppm == kMillion) return absl::OkStatus();
    JB_ASSIGN_OR_RETURN(const Rational congestion, Rational::Of(usage_.congestion_ppm, kMillion));
    return ScaleAll("congestion", congestion);
  }

  absl::Status Discount() {
    Rational left = 1;
    if (usage_.count > 1) JB_RETURN_IF_ERROR(TakeOff("batch", tariff_.batch_discount, left));
    for (const std::string& name : usage_.discounts) {
      JB_RETURN_IF_ERROR(TakeOff(name, tariff_.discounts.at(name), left));
    }
    return absl::OkStatus();
  }

  // `left` is the share of the price that earlier discounts left.
  absl::Status TakeOff(const std::string& name, const Rational& share, Rational& left) {
    Rational off = share;
    if (tariff_.stacking == Stacking::kMultiply) {
      JB_ASSIGN_OR_RETURN(off, share.Times(left));
    }
    JB_ASSIGN_OR_RETURN(Rational after, left.Minus(off));
    JB_ASSIGN_OR_RETURN(const Rational least, Rational(1).Minus(tariff_.discount_cap));
    after = std::max(after, least);
    // A cap of 1 may leave nothing, and nothing is not scaled any more.
    if (left.IsZero()) return absl::OkStatus();
    JB_ASSIGN_OR_RETURN(const Rational factor, after.DividedBy(left));
    left = after;
    return ScaleAll(name, factor);
  }

  absl::Status AddProofOfWork() {
    const int32_t bits = DifficultyBits(tariff_.proof_of_work, usage_.reputation_ppm);
    JB_ASSIGN_OR_RETURN(const Rational amount, ProofOfWorkPrice(tariff_.proof_of_work, bits));
    JB_ASSIGN_OR_RETURN(joules(Part::kProofOfWork), amount.Times(usage_.count));
    if (bill_ != nullptr) {
      Keep({Step::Kind::kTerm, Part::kProofOfWork, "proof_of_work", bits, amount, usage_.count});
    }
    return absl::OkStatus();
  }

  absl::Status ScaleAll(std::string_view name, const Rational& factor,
                        std::string_view choice = {}) {
    if (factor == Rational(1)) return absl::OkStatus();
    for (const Part part : kScaledParts) JB_RETURN_IF_ERROR(ScalePart(part, name, factor, choice));
    return absl::OkStatus();
  }

  // Leaves no line where nothing changes. The line's name is `name` and the choice behind it.
  absl::Status ScalePart(Part part, std::string_view name, const Rational& factor,
                         std::string_view choice = {}) {
    if (factor == Rational(1) || joules(part).IsZero()) return absl::OkStatus();
    JB_ASSIGN_OR_RETURN(joules(part), joules(part).Times(factor));
    if (bill_ != nullptr) {
      Keep({.kind = Step::Kind::kFactor,
            .part = part,
            .name = absl::StrCat(ToAbsl(name), ToAbsl(choice)),
            .factor = factor});
    }
    return absl::OkStatus();
  }

  void Keep(Step step) {
    step.joules = joules(step.part);
    bill_->steps.push_back(std::move(step));
  }

  absl::Status Round() {
    for (std::size_t part = 0; part < kParts; ++part) {
      if (joules_[part].IsZero()) continue;
      JB_ASSIGN_OR_RETURN(const Rational exact, joules_[part].Times(kMillion));
      JB_ASSIGN_OR_RETURN(totals_.parts[part], exact.Round(tariff_.rounding));
      JB_ASSIGN_OR_RETURN(totals_.total, CheckedAdd(totals_.total, totals_.parts[part]));
      if (bill_ == nullptr) continue;
      JB_ASSIGN_OR_RETURN(bill_->residues[part], exact.Minus(totals_.parts[part]));
    }
    return absl::OkStatus();
  }

  // What is short of the minimum counts as computation. The rounded parts are what has to reach
  // it: exact ones could, and still round to less for more use.
  absl::Status TopUp(const Rational& minimum) {
    JB_ASSIGN_OR_RETURN(Rational least, minimum.Times(kMillion));
    JB_ASSIGN_OR_RETURN(least, least.Times(usage_.count));
    JB_ASSIGN_OR_RETURN(const int64_t least_units, least.Round(tariff_.rounding));
    const int64_t missing = least_units - (totals_.total - rounded(Part::kProofOfWork));
    if (missing <= 0) return absl::OkStatus();
    rounded(Part::kComputation) += missing;
    JB_ASSIGN_OR_RETURN(totals_.total, CheckedAdd(totals_.total, missing));
    if (bill_ == nullptr) return absl::OkStatus();
    JB_ASSIGN_OR_RETURN(joules(Part::kComputation),
                        Rational::Of(rounded(Part::kComputation), kMillion));
    bill_->residues[static_cast<std::size_t>(Part::kComputation)] = Rational();
    Keep({Step::Kind::kTopUp, Part::kComputation, "minimum"});
    return absl::OkStatus();
  }

  const Tariff& tariff_;
  const Usage& usage_;
  const MinimumCharge minimum_;
  Bill* const bill_;
  std::array<Rational, kParts> joules_;
  PriceTotals totals_;
};

absl::StatusOr<PriceTotals> MakePrice(const Tariff& tariff, const Usage& usage,
                                      MinimumCharge minimum, Bill* bill) {
  JB_RETURN_IF_ERROR(CheckUsage(tariff, usage));
  const auto price = tariff.operations.find(usage.operation);
  if (price == tariff.operations.end()) return OperationNotPriced(usage.operation);
  absl::StatusOr<PriceTotals> totals = Pricer(tariff, usage, minimum, bill).Make(price->second);
  if (absl::IsOutOfRange(totals.status())) return PriceOutOfRange();
  return totals;
}

}  // namespace

absl::StatusOr<Rational> TieredPrice(const Rate& rate, const Rational& quantity) {
  Rational sum;
  Rational from;
  for (const Tier& tier : rate.tiers) {
    const bool is_last = !tier.up_to.has_value() || quantity < *tier.up_to;
    if (rate.tiering == Tiering::kVolume && is_last) return tier.joules.Times(quantity);
    const Rational to = is_last ? quantity : *tier.up_to;
    JB_ASSIGN_OR_RETURN(const Rational units, to.Minus(from));
    JB_ASSIGN_OR_RETURN(const Rational more, tier.joules.Times(units));
    JB_ASSIGN_OR_RETURN(sum, sum.Plus(more));
    if (is_last) break;
    from = to;
  }
  return sum;
}

absl::StatusOr<Bill> Price(const Tariff& tariff, const Usage& usage) {
  Bill bill;
  bill.steps.reserve(kUsualSteps);
  JB_ASSIGN_OR_RETURN(const PriceTotals totals,
                      MakePrice(tariff, usage, MinimumCharge::kApplies, &bill));
  bill.parts = totals.parts;
  bill.total = totals.total;
  return bill;
}

absl::StatusOr<PriceTotals> PriceWithoutSteps(const Tariff& tariff, const Usage& usage,
                                              MinimumCharge minimum) {
  return MakePrice(tariff, usage, minimum, nullptr);
}

}  // namespace joulebook::costing
