#include "services/costing/domain/tariff_document.h"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/costing/domain/errors.h"
#include "services/costing/domain/operations.h"
#include "services/costing/domain/tariff_reader.h"
#include "services/costing/domain/zone_names.h"

namespace joulebook::costing {
namespace {

constexpr char kFormat[] = "joulebook.tariff.v1";

constexpr int64_t kMaxWhole = std::numeric_limits<int64_t>::max();
constexpr int64_t kMaxTimeUs = 253'402'300'799'999'999;  // the last microsecond of the year 9999
constexpr int64_t kMaxUnitBytes = int64_t{1} << 50;
// Larger prices and factors are typing errors, and would leave no room for quantities.
constexpr int64_t kMaxJoules = 1'000'000'000;
constexpr int64_t kMaxFactor = 1'000'000;
constexpr int kMinutesOfDay = 24 * 60;
constexpr int64_t kMillion = 1'000'000;
constexpr int64_t kMaxCongestionTarget = int64_t{1} << 40;
constexpr int64_t kMaxCongestionPeriodS = int64_t{31} * 86'400;
constexpr int64_t kMaxStoredBytes = int64_t{1} << 50;
constexpr int64_t kMaxOperationsPerSecond = 1'000'000;
constexpr int64_t kMaxFactorPpm = 1'000 * kMillion;

constexpr std::array kRoundingNames = {"floor", "ceiling", "half_up", "half_even"};
// Terms have no part in the proof of work.
constexpr std::span kTermParts = std::span(kPartNames).first(3);
constexpr std::array kTieringNames = {"graduated", "volume"};
constexpr std::array kStackingNames = {"multiply", "add"};
// The values of a payee beside the id of an account.
constexpr char kNamedProvider[] = "provider";
constexpr std::pair<const char*, PayeeRole> kPayeeRoles[] = {{"any_provider", PayeeRole::kProvider},
                                                             {"fees", PayeeRole::kFees},
                                                             {"escrow", PayeeRole::kEscrow},
                                                             {"sink", PayeeRole::kSink}};
constexpr std::array kWeekdayNames = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

std::vector<std::string> ReadNames(TariffReader& object) {
  std::vector<std::string> names = object.Keys();
  for (const std::string& name : names) {
    if (!IsName(name)) object.Refuse(name, "must be of a-z, 0-9 and _, 64 at most");
  }
  return names;
}

template <std::size_t kCount>
void ReadFactors(TariffReader object, const std::array<const char*, kCount>& names,
                 std::array<Rational, kCount>& factors) {
  for (std::size_t i = 0; i < kCount; ++i) factors[i] = object.Fraction(names[i], 0, kMaxFactor);
  object.End();
}

Rate ReadRate(TariffReader object) {
  Rate rate;
  rate.tiering = static_cast<Tiering>(object.OneOf("tiering", kTieringNames));
  std::vector<TariffReader> tiers = object.Objects("tiers");
  if (tiers.empty()) object.Refuse("tiers", "must not be empty");
  Rational from;
  for (std::size_t i = 0; i < tiers.size(); ++i) {
    Tier tier;
    tier.joules = tiers[i].Fraction("joules", 0, kMaxJoules);
    const bool is_last = i + 1 == tiers.size();
    if (!is_last) {
      tier.up_to = tiers[i].Fraction("up_to", 0, kMaxWhole);
      if (*tier.up_to <= from) tiers[i].Refuse("up_to", "must be above the tier before");
      from = *tier.up_to;
    } else if (tiers[i].Has("up_to")) {
      tiers[i].Refuse("up_to", "must not be there: the last tier has no end");
    }
    tiers[i].End();
    rate.tiers.push_back(tier);
  }
  object.End();
  return rate;
}

Term ReadTerm(TariffReader object, const Tariff& tariff) {
  Term term;
  term.part = static_cast<Part>(object.OneOf("part", kTermParts));
  term.rate_name = object.Text("rate");
  const auto rate = tariff.rates.find(term.rate_name);
  if (rate == tariff.rates.end()) {
    object.Refuse("rate", "is not among the rates");
  } else {
    term.rate = rate->second;
  }
  term.quantity = static_cast<Quantity>(object.OneOf("quantity", kQuantityNames));
  term.times = object.Fraction("times", 0, kMaxFactor);
  const std::vector<std::string> scales = object.Texts("scales");
  for (std::size_t i = 0; i < scales.size(); ++i) {
    const auto found = std::find(kScaleNames.begin(), kScaleNames.end(), scales[i]);
    const auto scale = static_cast<Scale>(found - kScaleNames.begin());
    if (found == kScaleNames.end()) {
      object.Refuse(absl::StrCat("scales[", i, "]"), "is not known");
    } else if (std::find(term.scales.begin(), term.scales.end(), scale) != term.scales.end()) {
      object.Refuse(absl::StrCat("scales[", i, "]"), "is named twice");
    }
    term.scales.push_back(scale);
  }
  object.End();
  return term;
}

Payee ReadPayee(TariffReader& object) {
  const std::string text = object.Text("payee");
  if (text == kNamedProvider) return {.kind = Payee::Kind::kProvider};
  for (const auto& [name, role] : kPayeeRoles) {
    if (text == name) return {.role = role};
  }
  const auto account = Uuid::Parse(text);
  if (account.has_value() && account->ToString() == text && !account->IsNil()) {
    return {.kind = Payee::Kind::kAccount, .id = *account};
  }
  object.Refuse("payee", "must be provider, any_provider, fees, escrow, sink or an account's id");
  return {};
}

// The number of the operation type; 0 if there is none of this name.
int32_t OperationOf(std::string_view name) {
  const auto found = std::find(kOperationNames.begin() + 1, kOperationNames.end(), name);
  return found == kOperationNames.end() ? 0 : static_cast<int32_t>(found - kOperationNames.begin());
}

void ReadOperations(TariffReader object, Tariff& tariff) {
  for (const std::string& name : object.Keys()) {
    const int32_t operation_type = OperationOf(name);
    if (operation_type == 0) {
      object.Refuse(name, "is no operation type");
      return;
    }
    TariffReader operation = object.Object(name);
    OperationPrice price;
    for (TariffReader& term : operation.Objects("terms")) {
      price.terms.push_back(ReadTerm(term, tariff));
    }
    price.minimum_joules = operation.Fraction("minimum_joules", 0, kMaxJoules);
    price.asks_proof_of_work = operation.Flag("proof_of_work");
    if (operation.Has("payee")) price.payee = ReadPayee(operation);
    operation.End();
    tariff.operations[operation_type] = std::move(price);
  }
}

// "18:00" as minutes; "24:00" is the end of the day.
int32_t ReadMinute(TariffReader& object, const std::string& key) {
  const std::string text = object.Text(key);
  const auto digit = [&](std::size_t i) {
    return i < text.size() && text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : kMinutesOfDay;
  };
  const int hour = digit(0) * 10 + digit(1);
  const int minute = digit(3) * 10 + digit(4);
  const int total = hour * 60 + minute;
  if (text.size() == 5 && text[2] == ':' && minute < 60 && total <= kMinutesOfDay) return total;
  object.Refuse(key, "must be a time from 00:00 to 24:00");
  return 0;
}

TimeWindow ReadWindow(TariffReader object) {
  TimeWindow window;
  window.name = object.Text("name");
  if (!IsName(window.name)) object.Refuse("name", "must be of a-z, 0-9 and _, 64 at most");
  const std::vector<std::string> weekdays = object.Texts("weekdays");
  if (weekdays.empty()) object.Refuse("weekdays", "must not be empty");
  for (std::size_t i = 0; i < weekdays.size(); ++i) {
    const auto found = std::find(kWeekdayNames.begin(), kWeekdayNames.end(), weekdays[i]);
    if (found == kWeekdayNames.end()) {
      object.Refuse(absl::StrCat("weekdays[", i, "]"),
                    "must be mon, tue, wed, thu, fri, sat or sun");
      break;
    }
    window.weekdays[static_cast<std::size_t>(found - kWeekdayNames.begin())] = true;
  }
  window.from_minute = ReadMinute(object, "from");
  window.to_minute = ReadMinute(object, "to");
  if (window.from_minute >= window.to_minute) object.Refuse("to", "must be after from");
  window.factor = object.Fraction("factor", 0, kMaxFactor);
  object.End();
  return window;
}

bool Overlap(const TimeWindow& a, const TimeWindow& b) {
  bool share_a_day = false;
  for (std::size_t day = 0; day < a.weekdays.size(); ++day) {
    share_a_day = share_a_day || (a.weekdays[day] && b.weekdays[day]);
  }
  return share_a_day && a.from_minute < b.to_minute && b.from_minute < a.to_minute;
}

void ReadTimeOfUse(TariffReader object, const ZoneFinder& find_zone, Tariff& tariff) {
  const std::string zone = object.Text("zone");
  if (!IsZoneName(zone)) {
    object.Refuse("zone", "is no name of the IANA time zone database");
  } else if (!find_zone(zone, &tariff.zone)) {
    object.Refuse("zone", "is not in this machine's time zone database");
  }
  for (TariffReader& item : object.Objects("windows")) {
    TimeWindow window = ReadWindow(item);
    for (const TimeWindow& other : tariff.windows) {
      if (Overlap(window, other)) item.Refuse("", absl::StrCat("overlaps ", other.name));
    }
    tariff.windows.push_back(std::move(window));
  }
  object.End();
}

void ReadUnits(TariffReader object, Tariff& tariff) {
  tariff.kilobyte_bytes = object.Whole("kilobyte_bytes", 1, kMaxUnitBytes);
  tariff.megabyte_bytes = object.Whole("megabyte_bytes", 1, kMaxUnitBytes);
  tariff.gigabyte_bytes = object.Whole("gigabyte_bytes", 1, kMaxUnitBytes);
  object.End();
}

void ReadRedundancy(TariffReader object, Tariff& tariff) {
  tariff.first_copy = object.Fraction("first_copy", 0, kMaxFactor);
  tariff.further_copy = object.Fraction("further_copy", 0, kMaxFactor);
  tariff.max_copies = static_cast<int32_t>(object.Whole("max_copies", 1, 255));
  object.End();
}

void ReadProofOfWork(TariffReader object, Tariff& tariff) {
  constexpr int64_t kMaxBits = 64;  // 2^64 hashes are out of reach
  ProofOfWorkRates& rates = tariff.proof_of_work;
  rates.min_bits = static_cast<int32_t>(object.Whole("min_bits", 0, kMaxBits));
  rates.max_bits = static_cast<int32_t>(object.Whole("max_bits", rates.min_bits, kMaxBits));
  rates.joules_per_bit = object.Fraction("joules_per_bit", 0, kMaxJoules);
  object.End();
}

void ReadUtility(TariffReader object, Tariff& tariff) {
  tariff.utility_highest = object.Fraction("highest", 0, kMaxFactor);
  tariff.utility_slope = object.Fraction("slope", 0, tariff.utility_highest);
  object.End();
}

void ReadDiscounts(TariffReader object, Tariff& tariff) {
  tariff.stacking = static_cast<Stacking>(object.OneOf("stacking", kStackingNames));
  tariff.discount_cap = object.Fraction("cap", 0, 1);
  tariff.batch_discount = object.Fraction("batch", 0, 1);
  tariff.max_batch = object.Whole("max_batch", 1, 1'000'000);
  TariffReader shares = object.Object("shares");
  const std::vector<std::string> names = ReadNames(shares);
  if (names.size() > kMaxListed) {
    object.Refuse("shares", absl::StrCat("must have at most ", kMaxListed, " entries"));
  }
  for (const std::string& name : names) {
    tariff.discounts[name] = shares.Fraction(name, 0, 1);
  }
  object.End();
}

void ReadLimits(TariffReader object, Tariff& tariff) {
  tariff.max_nodes = object.Whole("nodes", 0, kMaxFactor);
  tariff.max_timeout_ms = object.Whole("timeout_ms", 0, 86'400'000);
  tariff.max_results = object.Whole("results", 0, kMaxFactor);
  tariff.max_concurrent_searches = object.Whole("concurrent_searches", 0, kMaxFactor);
  object.End();
}

void ReadCongestionClass(TariffReader object, std::string name, CongestionRule& rule) {
  const int64_t target = object.Whole("target", 1, kMaxCongestionTarget);
  for (const std::string& operation : object.Texts("operations")) {
    const int32_t type = OperationOf(operation);
    if (type == 0) {
      object.Refuse("operations", absl::StrCat("names no operation type: ", operation));
    } else if (!rule.class_of.emplace(type, rule.classes.size()).second) {
      object.Refuse("operations", absl::StrCat("has ", operation, ", which is in a class already"));
    }
  }
  rule.classes.push_back({std::move(name), target});
  object.End();
}

void ReadCongestion(TariffReader object, CongestionRule& rule) {
  rule.period_s = object.Whole("period_s", 1, kMaxCongestionPeriodS);
  rule.max_step_ppm = object.Whole("max_step_ppm", 0, kMillion - 1);
  rule.floor_ppm = object.Whole("floor_ppm", kMillion, kMaxFactorPpm);
  rule.ceiling_ppm = object.Whole("ceiling_ppm", rule.floor_ppm, kMaxFactorPpm);
  TariffReader classes = object.Object("classes");
  for (const std::string& name : ReadNames(classes)) {
    ReadCongestionClass(classes.Object(name), name, rule);
  }
  object.End();
}

void ReadRevenue(TariffReader object, Tariff& tariff) {
  int64_t sum = 0;
  for (std::size_t i = 0; i < kRecipients; ++i) {
    tariff.revenue_ppm[i] = object.Whole(kRecipientNames[i], 0, kMillion);
    sum += tariff.revenue_ppm[i];
  }
  if (sum != kMillion) object.Refuse("", "must sum to 1000000");
  object.End();
}

void ReadEarning(TariffReader object, Tariff& tariff) {
  for (std::size_t i = 0; i < kEarningSources; ++i) {
    tariff.earning_joules[i] = object.Fraction(kEarningSourceNames[i], 0, kMaxJoules);
  }
  tariff.max_earning_factor_ppm = object.Whole("max_factor_ppm", 0, kMaxFactorPpm);
  tariff.earning_per_second = {kMaxStoredBytes, kMaxOperationsPerSecond, 1};
  const auto lower = [&](const char* key, EarningSource source) {
    int64_t& most = tariff.earning_per_second[static_cast<std::size_t>(source)];
    if (object.Has(key)) most = object.Whole(key, 0, most);
  };
  lower("max_stored_bytes", EarningSource::kStorage);
  lower("max_operations_per_second", EarningSource::kNetwork);
  object.End();
}

Tariff ReadTariff(TariffReader& document, const ZoneFinder& find_zone) {
  Tariff tariff;
  if (document.Text("format") != kFormat) {
    document.Refuse("format", absl::StrCat("must be ", kFormat));
  }
  tariff.name = document.Text("name");
  if (!IsName(tariff.name)) document.Refuse("name", "must be of a-z, 0-9 and _, 64 at most");
  tariff.version = document.Whole("version", 1, kMaxWhole);
  tariff.effective = Time(Duration(document.Whole("effective_us", 0, kMaxTimeUs)));
  tariff.rounding = static_cast<Rounding>(document.OneOf("rounding", kRoundingNames));
  ReadUnits(document.Object("units"), tariff);
  TariffReader rates = document.Object("rates");
  for (const std::string& name : ReadNames(rates))
    tariff.rates[name] = ReadRate(rates.Object(name));
  ReadOperations(document.Object("operations"), tariff);
  ReadFactors(document.Object("durability"), kDurabilityNames, tariff.durability);
  ReadRedundancy(document.Object("redundancy"), tariff);
  tariff.latency_threshold_ms = document.Whole("latency_threshold_ms", 0, kMaxWhole);
  tariff.broadcast_factor = document.Fraction("broadcast", 0, kMaxFactor);
  tariff.reliability_discount = document.Fraction("reliability_discount", 0, 1);
  ReadFactors(document.Object("priority"), kPriorityNames, tariff.priority);
  ReadFactors(document.Object("complexity"), kComplexityNames, tariff.complexity);
  ReadProofOfWork(document.Object("proof_of_work"), tariff);
  ReadTimeOfUse(document.Object("time_of_use"), find_zone, tariff);
  ReadUtility(document.Object("utility"), tariff);
  ReadDiscounts(document.Object("discounts"), tariff);
  ReadLimits(document.Object("limits"), tariff);
  ReadCongestion(document.Object("congestion"), tariff.congestion);
  tariff.payee = ReadPayee(document);
  ReadRevenue(document.Object("revenue_ppm"), tariff);
  ReadEarning(document.Object("earning"), tariff);
  document.End();
  return tariff;
}

}  // namespace

std::string PayeeText(const Payee& payee) {
  if (payee.kind == Payee::Kind::kProvider) return kNamedProvider;
  if (payee.kind == Payee::Kind::kAccount) return payee.id.ToString();
  for (const auto& [name, role] : kPayeeRoles) {
    if (role == payee.role) return name;
  }
  return "";
}

bool IsZoneName(std::string_view text) {
  if (text.empty() || text.find(' ') != std::string_view::npos) return false;
  return kZoneNames.find(absl::StrCat(" ", ToAbsl(text), " ")) != std::string_view::npos;
}

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

absl::StatusOr<TariffDocument> ParseTariff(std::string_view text, const ZoneFinder& find_zone) {
  JB_ASSIGN_OR_RETURN(const nlohmann::json json, ParseJson(text));
  TariffReader::Document state;
  TariffReader document(json, "", state);
  Tariff tariff = ReadTariff(document, find_zone);
  JB_RETURN_IF_ERROR(state.problem);
  return TariffDocument{.tariff = std::move(tariff),
                        .canonical = json.dump(-1, ' ', /*ensure_ascii=*/true)};
}

}  // namespace joulebook::costing
