#include "services/costing/domain/revenue.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/money/int128.h"
#include "services/costing/domain/errors.h"

namespace joulebook::costing {
namespace {

constexpr int64_t kMillion = 1'000'000;
constexpr int64_t kSecondsOfDay = 86'400;
constexpr std::size_t kMaxWeights = 1'000;

// A share among the providers, or for the fund when none of them has a weight.
absl::StatusOr<std::vector<int64_t>> SplitShare(std::string_view field, int64_t share,
                                                std::span<const int64_t> weights, int64_t& fund) {
  if (weights.size() > kMaxWeights) return FieldInvalid(field, "must have at most 1000 entries");
  if (std::any_of(weights.begin(), weights.end(), [](int64_t weight) { return weight < 0; })) {
    return FieldInvalid(field, "must not be negative");
  }
  if (std::all_of(weights.begin(), weights.end(), [](int64_t weight) { return weight == 0; })) {
    fund += share;
    return std::vector<int64_t>(weights.size());
  }
  auto parts = SplitByLargestRemainder(share, weights);
  if (!parts.ok()) return FieldInvalid(field, "must sum to less than 2^63");
  return parts;
}

// The tariff's rate is for so many units of a claim.
Rational UnitsOf(const Tariff& tariff, const EarningClaim& claim) {
  if (claim.source == EarningSource::kNetwork) return Rational(claim.units);
  Rational days = Rational::Of(claim.units, kSecondsOfDay);
  if (claim.source == EarningSource::kGeographic) return days;
  return days / tariff.gigabyte_bytes;
}

// The most units in so much time: for one location its seconds, else the tariff's most per second.
Int128 MostUnits(const Tariff& tariff, const EarningClaim& claim) {
  constexpr int64_t kMicrosOfSecond = 1'000'000;
  const Int128 micros = (claim.end - claim.start).count();
  const Int128 a_second = tariff.earning_per_second[static_cast<std::size_t>(claim.source)];
  return micros * a_second / kMicrosOfSecond;
}

absl::StatusOr<int64_t> RoundedAmount(const Tariff& tariff, const EarningClaim& claim) {
  const Rational joules = UnitsOf(tariff, claim) *
                          tariff.earning_joules[static_cast<std::size_t>(claim.source)] *
                          Rational::Of(claim.first_factor_ppm, kMillion) *
                          Rational::Of(claim.second_factor_ppm, kMillion);
  return (joules * kMillion).Round(tariff.rounding);
}

}  // namespace

absl::StatusOr<RevenueSplit> SplitRevenue(const Tariff& tariff, int64_t amount,
                                          std::span<const int64_t> storage_weights,
                                          std::span<const int64_t> network_weights) {
  if (amount < 0) return FieldInvalid("amount_microjoules", "must not be negative");
  JB_ASSIGN_OR_RETURN(const auto shares, SplitByLargestRemainder(amount, tariff.revenue_ppm));
  const auto share = [&](Recipient who) { return shares[static_cast<std::size_t>(who)]; };
  RevenueSplit split{.creator = share(Recipient::kCreator), .fund = share(Recipient::kFund)};
  JB_ASSIGN_OR_RETURN(split.storage,
                      SplitShare("storage_weights", share(Recipient::kStorageProviders),
                                 storage_weights, split.fund));
  JB_ASSIGN_OR_RETURN(split.network,
                      SplitShare("network_weights", share(Recipient::kNetworkProviders),
                                 network_weights, split.fund));
  return split;
}

absl::Status CheckClaim(const EarningClaim& claim, Time now) {
  if (claim.units < 0) return FieldInvalid("units", "must not be negative");
  if (claim.end <= claim.start) return FieldInvalid("end_time", "must be after start_time");
  if (claim.end > now) return FieldInvalid("end_time", "must not be in the future");
  return absl::OkStatus();
}

absl::StatusOr<int64_t> EarningAmount(const Tariff& tariff, const EarningClaim& claim) {
  const auto in_range = [&](int64_t factor) {
    return factor >= 0 && factor <= tariff.max_earning_factor_ppm;
  };
  if (!in_range(claim.first_factor_ppm)) {
    return FieldInvalid("first_factor_ppm", "must be 0 to the tariff's limit");
  }
  if (!in_range(claim.second_factor_ppm)) {
    return FieldInvalid("second_factor_ppm", "must be 0 to the tariff's limit");
  }
  const Int128 most = MostUnits(tariff, claim);
  if (claim.units > most) {
    return FieldInvalid("units", absl::StrCat("must be at most ", static_cast<int64_t>(most),
                                              ", which is what the period can hold"));
  }
  auto amount = RoundedAmount(tariff, claim);
  if (!amount.ok()) return PriceOutOfRange();
  return amount;
}

absl::StatusOr<Recorded<Earning>> DecideEarning(const Earning& earning,
                                                const std::optional<Earning>& same_id,
                                                const std::optional<Earning>& overlapping) {
  const std::string id = earning.claim.id.ToString();
  if (same_id.has_value()) {
    if (same_id->claim != earning.claim) return DifferentContent(id, "claim");
    return Recorded<Earning>{*same_id, false};
  }
  if (overlapping.has_value()) return EarningOverlaps(overlapping->claim.id.ToString());
  return Recorded<Earning>{earning, true};
}

bool MayBecome(EarningState from, EarningState to) {
  if (from == to) return true;
  if (from == EarningState::kPending) {
    return to == EarningState::kConfirmed || to == EarningState::kRejected;
  }
  return from == EarningState::kConfirmed && to == EarningState::kPaid;
}

absl::StatusOr<int64_t> NetOf(const EarningSums& sums, int64_t revenue, int64_t costs) {
  int64_t net = revenue;
  for (const int64_t earned : sums.earned) {
    JB_ASSIGN_OR_RETURN(net, CheckedAdd(net, earned));
  }
  return CheckedSubtract(net, costs);
}

absl::StatusOr<EarningSums> SumEarnings(std::span<const EarningSum> earnings) {
  EarningSums sums;
  for (const EarningSum& earning : earnings) {
    if (earning.state == EarningState::kRejected) continue;
    int64_t& sum = earning.state == EarningState::kPending
                       ? sums.pending
                       : sums.earned[static_cast<std::size_t>(earning.source)];
    const auto more = CheckedAdd(sum, earning.amount);
    if (!more.ok()) return PriceOutOfRange();
    sum = *more;
  }
  return sums;
}

}  // namespace joulebook::costing
