// Price against a reference that shares nothing with it: it reads the JSON itself, follows
// docs/reference/tariff.md word by word, and calculates with GMP's fractions.
#include <gmpxx.h>
#include <rapidcheck.h>

#include <algorithm>
#include <span>

#include "absl/time/time.h"
#include "common/testing/matchers.h"
#include "services/costing/domain/operations.h"
#include "services/costing/domain/price.h"
#include "services/costing/domain/tariff_fixture.h"
#include "services/costing/domain/usage_fixture.h"

namespace joulebook::costing {
namespace {

using Json = nlohmann::json;
using Parts = std::array<int64_t, kParts>;

mpq_class Number(const Json& text) {
  std::string digits = text.get<std::string>();
  const std::size_t point = digits.find('.');
  mpq_class number;
  if (point == std::string::npos) {
    number = mpq_class(digits, 10);
  } else {
    mpz_class scale;
    mpz_ui_pow_ui(scale.get_mpz_t(), 10, digits.size() - point - 1);
    digits.erase(point, 1);
    number = mpq_class(mpz_class(digits, 10), scale);
  }
  number.canonicalize();
  return number;
}

mpq_class Quotient(int64_t a, int64_t b) {
  mpq_class quotient{mpz_class(a), mpz_class(b)};
  quotient.canonicalize();
  return quotient;
}

class Reference {
 public:
  Reference(Json tariff, Usage usage) : tariff_(std::move(tariff)), usage_(std::move(usage)) {}

  Parts Price() const {
    const Json& operation =
        tariff_["operations"][kOperationNames[static_cast<std::size_t>(usage_.operation)]];
    mpq_class computation, storage, network;
    for (const Json& term : operation["terms"]) {
      mpq_class joules = Tiered(tariff_["rates"][term["rate"].get<std::string>()],
                                Quantity(term["quantity"]) * Number(term["times"]));
      for (const Json& scale : term["scales"]) joules *= Scale(scale);
      const std::string part = term["part"];
      (part == "computation" ? computation : part == "storage" ? storage : network) += joules;
    }
    if (usage_.utility_ppm.has_value()) {
      storage *= Number(tariff_["utility"]["highest"]) -
                 Number(tariff_["utility"]["slope"]) * Quotient(*usage_.utility_ppm, 1'000'000);
    }
    const mpq_class by_use = Chosen("priority", kPriorityNames, usage_.priority) *
                             Chosen("complexity", kComplexityNames, usage_.complexity) * Window() *
                             Quotient(usage_.congestion_ppm, 1'000'000);
    for (mpq_class* const part : {&computation, &storage, &network}) *part *= by_use;
    const mpq_class by_count = mpq_class(usage_.count) * Left();
    const bool works = operation["proof_of_work"];
    Parts parts = {Round(computation * by_count), Round(storage * by_count),
                   Round(network * by_count),
                   works ? Round(ProofOfWork() * mpq_class(usage_.count)) : 0};
    const int64_t minimum = Round(Number(operation["minimum_joules"]) * mpq_class(usage_.count));
    parts[0] = std::max(parts[0], minimum - parts[1] - parts[2]);
    return parts;
  }

 private:
  mpq_class Quantity(const std::string& name) const {
    const auto size = [&](const char* unit) {
      return Quotient(usage_.size_bytes, tariff_["units"][unit].get<int64_t>());
    };
    if (name == "operations") return 1;
    if (name == "kilobytes") return size("kilobyte_bytes");
    if (name == "megabytes") return size("megabyte_bytes");
    if (name == "copy_megabytes") return size("megabyte_bytes") * usage_.copies;
    if (name == "node_megabytes") return size("megabyte_bytes") * mpq_class(usage_.nodes);
    if (name == "gigabyte_days") {
      return size("gigabyte_bytes") * Quotient(usage_.duration_s, 86'400);
    }
    if (name == "nodes") return usage_.nodes;
    if (name == "results") return usage_.results;
    if (name == "seconds") return Quotient(usage_.timeout_ms, 1'000);
    const int64_t late = usage_.latency_ms - tariff_["latency_threshold_ms"].get<int64_t>();
    return late > 0 ? late : 0;
  }

  // Band by band, from the top of the list.
  static mpq_class Tiered(const Json& rate, const mpq_class& quantity) {
    mpq_class total, begin;
    for (const Json& tier : rate["tiers"]) {
      const bool is_inside = !tier.contains("up_to") || quantity < Number(tier["up_to"]);
      const mpq_class end = is_inside ? quantity : Number(tier["up_to"]);
      if (is_inside && rate["tiering"] == "volume") return quantity * Number(tier["joules"]);
      if (end > begin) total += (end - begin) * Number(tier["joules"]);
      begin = end;
    }
    return total;
  }

  mpq_class Scale(const std::string& name) const {
    if (name == "durability") return Chosen("durability", kDurabilityNames, usage_.durability);
    if (name == "broadcast") return Number(tariff_["broadcast"]);
    if (name == "reliability") {
      return 1 -
             Number(tariff_["reliability_discount"]) * Quotient(usage_.reliability_ppm, 1'000'000);
    }
    const Json& redundancy = tariff_["redundancy"];
    return Number(redundancy["first_copy"]) +
           Number(redundancy["further_copy"]) * (usage_.copies - 1);
  }

  template <typename Choice>
  mpq_class Chosen(const char* table, std::span<const char* const> names, Choice choice) const {
    return Number(tariff_[table][names[static_cast<std::size_t>(choice)]]);
  }

  // By comparing texts of the local time: "mon" and "18:00".
  mpq_class Window() const {
    absl::TimeZone zone;
    EXPECT_TRUE(absl::LoadTimeZone(tariff_["time_of_use"]["zone"].get<std::string>(), &zone));
    const absl::Time at = absl::FromChrono(usage_.at);
    std::string weekday = absl::FormatTime("%a", at, zone);
    weekday[0] = static_cast<char>(weekday[0] - 'A' + 'a');
    const std::string time = absl::FormatTime("%H:%M", at, zone);
    for (const Json& window : tariff_["time_of_use"]["windows"]) {
      const Json& days = window["weekdays"];
      if (std::find(days.begin(), days.end(), weekday) != days.end() &&
          time >= window["from"].get<std::string>() && time < window["to"].get<std::string>()) {
        return Number(window["factor"]);
      }
    }
    return 1;
  }

  // The share of the price that the discounts leave.
  mpq_class Left() const {
    const Json& discounts = tariff_["discounts"];
    std::vector<mpq_class> shares;
    if (usage_.count > 1) shares.push_back(Number(discounts["batch"]));
    for (const std::string& name : usage_.discounts) {
      shares.push_back(Number(discounts["shares"][name]));
    }
    mpq_class left = 1;
    for (const mpq_class& share : shares) {
      left =
          discounts["stacking"] == "add" ? mpq_class(left - share) : mpq_class(left * (1 - share));
    }
    return std::max(left, mpq_class(1 - Number(discounts["cap"])));
  }

  mpq_class ProofOfWork() const {
    const Json& rates = tariff_["proof_of_work"];
    const int64_t most = rates["max_bits"];
    const int64_t least = rates["min_bits"];
    const mpq_class bits =
        mpq_class(most) - mpq_class(most - least) * Quotient(usage_.reputation_ppm, 1'000'000);
    return mpq_class(Floor(bits + mpq_class(1, 2))) * Number(rates["joules_per_bit"]);
  }

  static mpz_class Floor(const mpq_class& value) {
    mpz_class floor;
    mpz_fdiv_q(floor.get_mpz_t(), value.get_num_mpz_t(), value.get_den_mpz_t());
    return floor;
  }

  int64_t Round(const mpq_class& joules) const {
    const mpq_class micro = joules * 1'000'000;
    const std::string mode = tariff_["rounding"];
    mpz_class whole = Floor(micro);
    const mpq_class rest = micro - whole;
    const mpq_class half(1, 2);
    if ((mode == "ceiling" && rest > 0) || (mode == "half_up" && rest >= half) ||
        (mode == "half_even" && (rest > half || (rest == half && whole % 2 != 0)))) {
      ++whole;
    }
    return whole.get_si();
  }

  const Json tariff_;
  const Usage usage_;
};

// Digits of the longest numerator or denominator of the bill.
std::size_t LongestNumber(const Bill& bill) {
  std::size_t longest = 0;
  for (const Step& step : bill.steps) {
    for (const Rational& number : {step.quantity, step.amount, step.factor, step.joules}) {
      const std::string text = number.ToString();
      const std::size_t mark = std::min(text.find('/'), text.size());
      longest = std::max({longest, mark, text.size() - mark});
    }
  }
  return longest;
}

// An ordinary use: about 10 GB for about a year.
Usage TenGigabytesForAYear(const Tariff& tariff) {
  Usage usage = DrawUsage(tariff);
  usage.size_bytes = *rc::gen::inRange<int64_t>(10'000'000'000, 10'100'000'000);
  usage.duration_s = *rc::gen::inRange<int64_t>(365 * 86'400, 366 * 86'400);
  return usage;
}

// Fractions on the way are longer than any machine word; the prices are not.
TEST(Price, OfOrdinaryUsesIsNeverOutOfRange) {
  const char* const mixtures[] = {
      R"({"discounts": {"batch": "0.123457", "shares": {"provider": "0.234571",
          "founder": "0.045679"}}})",
      R"({"time_of_use": {"windows": [{"name": "day", "weekdays":
          ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "to": "24:00",
          "factor": "1.234567"}]},
          "priority": {"low": "0.800001", "normal": "1.000003", "high": "1.500007"},
          "complexity": {"simple": "1.000009", "moderate": "1.500011"},
          "durability": {"hot": "2.000001", "warm": "1.000003", "cold": "0.500007"}})"};
  constexpr std::size_t kDigitsOf128Bits = 40;
  for (const char* const mixture : mixtures) {
    Json json = Json::parse(ShippedText("block_table"));
    json.merge_patch(Json::parse(mixture));
    const Tariff tariff = ParseTariff(json.dump(), FindZone).value().tariff;
    int long_ones = 0;
    const auto check = [&] {
      const Usage usage = TenGigabytesForAYear(tariff);
      const auto bill = Price(tariff, usage);
      RC_ASSERT(bill.ok());
      RC_ASSERT(bill->parts == Reference(json, usage).Price());
      if (LongestNumber(*bill) > kDigitsOf128Bits) ++long_ones;
    };
    for (int hundred = 0; hundred < 10; ++hundred) EXPECT_TRUE(rc::check(check)) << mixture;
    EXPECT_GT(long_ones, 10) << "the mixture is too easy";
  }
}

// As much as a document may ask for: every limit of lists and of denominators reached at once.
TEST(Price, OfTheWorstTariffHasNumbersOfBoundedLength) {
  Json json = Json::parse(ShippedText("constants"));
  const std::string decimals = "123456789012345677";
  Json tiers = Json::array();
  for (int i = 0; i < 31; ++i) {
    tiers.push_back({{"up_to", std::to_string(i) + "." + decimals}, {"joules", "0." + decimals}});
  }
  tiers.push_back({{"joules", "0." + decimals}});
  json["rates"]["hash"]["tiers"] = tiers;
  json["operations"]["BLOCK_STORE"]["terms"] = Json::array();
  for (int i = 0; i < 32; ++i) {
    json["operations"]["BLOCK_STORE"]["terms"].push_back(
        {{"part", "storage"},
         {"rate", "hash"},
         {"quantity", "gigabyte_days"},
         {"times", "1." + decimals},
         {"scales", {"durability", "redundancy", "reliability", "broadcast"}}});
  }
  for (const char* const place : {"/durability/hot", "/redundancy/first_copy", "/broadcast",
                                  "/utility/highest", "/priority/high", "/complexity/complex"}) {
    json[Json::json_pointer(place)] = "2." + decimals;
  }
  json["units"]["gigabyte_bytes"] = (int64_t{1} << 50) - 27;
  json["discounts"]["cap"] = "1";
  Usage usage{.operation = 1,
              .size_bytes = (int64_t{1} << 50) + 1,
              .duration_s = 31'536'001,
              .durability = Durability::kHot,
              .congestion_ppm = 1'000'003,
              .priority = Priority::kHigh,
              .complexity = Complexity::kComplex,
              .reliability_ppm = 333'333,
              .utility_ppm = 666'667};
  json["discounts"]["shares"] = Json::object();
  for (int i = 0; i < 32; ++i) {
    usage.discounts.push_back("d" + std::to_string(i));
    json["discounts"]["shares"][usage.discounts.back()] = "0." + decimals;
  }
  const auto document = ParseTariff(json.dump(), FindZone);
  ASSERT_THAT(document, IsOk());
  const auto bill = Price(document->tariff, usage);
  ASSERT_THAT(bill, IsOk());
  EXPECT_EQ(bill->parts, Reference(json, usage).Price());
  EXPECT_LT(LongestNumber(*bill), 2'000U);
}

TEST(Price, AgreesWithTheReference) {
  const char* const patches[] = {
      "{}", R"({"rounding": "floor", "discounts": {"stacking": "add", "cap": "0.3"}})",
      R"({"rounding": "ceiling", "time_of_use": {"zone": "America/New_York"},
          "rates": {"storage": {"tiers": [{"up_to": "1", "joules": "0.5"},
                                          {"up_to": "30", "joules": "1/3"}, {"joules": "0.1"}]}}})",
      R"({"rounding": "half_even", "rates": {"hash": {"tiering": "volume",
          "tiers": [{"up_to": "1024", "joules": "0.002"}, {"joules": "0.001"}]}}})"};
  for (const char* const patch : patches) {
    Json json = Json::parse(ShippedText("constants"));
    json.merge_patch(Json::parse(patch));
    const Tariff tariff = ParseTariff(json.dump(), FindZone).value().tariff;
    EXPECT_TRUE(rc::check([&] {
      const Usage usage = DrawUsage(tariff);
      RC_ASSERT(Price(tariff, usage).value().parts == Reference(json, usage).Price());
    })) << patch;
  }
}

}  // namespace
}  // namespace joulebook::costing
