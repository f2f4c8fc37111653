#include "services/costing/domain/operations_reference.h"

#include "absl/strings/str_cat.h"
#include "common/money/decimal.h"
#include "services/costing/domain/operations.h"
#include "services/costing/domain/price.h"
#include "services/costing/domain/tariff_document.h"

namespace joulebook::costing {
namespace {

constexpr int kJouleScale = 6;

constexpr char kIntroduction[] = R"(# Costs of operations

Generated from the shipped tariff `constants` ([what its words mean](tariff.md),
[why these numbers](../adr/0009-tariffs-are-documents.md)). Prices are in joules.

The example of each is one operation on 1 MB of warm data, kept for 30 days in 3 copies, with 10 nodes, 20
results and 5 seconds to search, 120 ms of latency and a reliability of 0.8, for a member with a reputation
of 0.5, outside of time windows. The data has a utility of 0.666667, at which storage costs what the formula
says; see the tariff for others. Its parts are computation + storage + network + proof of work. The last
column says which accounts may be credited with the price.

| operation | formula | example | total | paid to |
|---|---|---|---|---|
)";

// A Monday, 03:00 in Bangkok: no time window.
constexpr Time kQuietHour =
    Time(std::chrono::sys_days(std::chrono::year(2026) / 1 / 4)) + std::chrono::hours(20);

Usage Example(int32_t operation) {
  return {.operation = operation,
          .size_bytes = 1 << 20,
          .duration_s = int64_t{30} * 86'400,
          .copies = 3,
          .nodes = 10,
          .results = 20,
          .timeout_ms = 5'000,
          .latency_ms = 120,
          .reliability_ppm = 800'000,
          .utility_ppm = 666'667,
          .at = kQuietHour};
}

std::string Formula(const Term& term) {
  std::string text =
      absl::StrCat(kPartNames[static_cast<std::size_t>(term.part)], ": ", term.rate_name);
  const std::vector<Tier>& tiers = term.rate.tiers;
  if (tiers.size() == 1) absl::StrAppend(&text, " ", tiers[0].joules.ToString());
  if (term.times != Rational(1)) absl::StrAppend(&text, " x ", term.times.ToString());
  if (term.quantity != Quantity::kOperations) {
    absl::StrAppend(&text, " x ", kQuantityNames[static_cast<std::size_t>(term.quantity)]);
  }
  for (const Scale scale : term.scales) {
    absl::StrAppend(&text, " x ", kScaleNames[static_cast<std::size_t>(scale)]);
  }
  return text;
}

std::string Formula(const OperationPrice& price) {
  std::string text;
  for (const Term& term : price.terms) {
    absl::StrAppend(&text, text.empty() ? "" : "<br>", Formula(term));
  }
  if (price.minimum_joules > Rational()) {
    absl::StrAppend(&text, "<br>at least ", price.minimum_joules.ToString());
  }
  if (price.asks_proof_of_work) {
    absl::StrAppend(&text, text.empty() ? "" : "<br>", "proof of work");
  }
  return text.empty() ? "free" : text;
}

}  // namespace

absl::StatusOr<std::string> OperationsReference(const Tariff& tariff) {
  std::string page = kIntroduction;
  for (const auto& [operation, price] : tariff.operations) {
    JB_ASSIGN_OR_RETURN(const Bill bill, Price(tariff, Example(operation)));
    std::string parts;
    for (const int64_t part : bill.parts) {
      absl::StrAppend(&parts, parts.empty() ? "" : " + ", FormatDecimal(part, kJouleScale));
    }
    absl::StrAppend(&page, "| ", kOperationNames[static_cast<std::size_t>(operation)], " | ",
                    Formula(price), " | ", parts, " | ", FormatDecimal(bill.total, kJouleScale),
                    " | ", PayeeText(price.payee.value_or(tariff.payee)), " |\n");
  }
  return page;
}

}  // namespace joulebook::costing
