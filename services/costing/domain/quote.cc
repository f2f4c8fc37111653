#include "services/costing/domain/quote.h"

#include <algorithm>

#include "services/costing/domain/errors.h"

namespace joulebook::costing {
namespace {

// Whether a term of the operation is one that `is_meant`; no for operations without a price.
template <typename Predicate>
bool AnyTerm(const Tariff& tariff, int32_t operation, const Predicate& is_meant) {
  const auto price = tariff.operations.find(operation);
  return price != tariff.operations.end() &&
         std::any_of(price->second.terms.begin(), price->second.terms.end(), is_meant);
}

bool DependsOnUtility(const Tariff& tariff, int32_t operation) {
  if (tariff.utility_highest == Rational(1) && tariff.utility_slope.IsZero()) return false;
  return AnyTerm(tariff, operation, [](const Term& term) { return term.part == Part::kStorage; });
}

}  // namespace

absl::Status CheckAsked(const Tariff& tariff, const Usage& usage) {
  JB_RETURN_IF_ERROR(CheckUsage(tariff, usage));
  if (usage.utility_ppm.has_value() || !DependsOnUtility(tariff, usage.operation)) {
    return absl::OkStatus();
  }
  return FieldInvalid("utility_ppm", "must be given: the price of storage depends on it");
}

absl::StatusOr<Payee> PayeeOf(const Tariff& tariff, const QuoteItem& item) {
  constexpr std::string_view kField = "provider_member_id";
  const auto price = tariff.operations.find(item.usage.operation);
  if (price == tariff.operations.end()) return OperationNotPriced(item.usage.operation);
  Payee payee = price->second.payee.value_or(tariff.payee);
  if (payee.kind != Payee::Kind::kProvider) {
    if (!item.provider.has_value()) return payee;
    return FieldInvalid(kField, "must be absent: the tariff says who is paid for this operation");
  }
  if (!item.provider.has_value()) return FieldInvalid(kField, "must say who is paid");
  if (item.provider == item.member) return FieldInvalid(kField, "must not be the payer");
  payee.id = *item.provider;
  return payee;
}

bool DependsOnResults(const Tariff& tariff, int32_t operation) {
  return AnyTerm(tariff, operation,
                 [](const Term& term) { return term.quantity == Quantity::kResults; });
}

absl::Status CheckSettleable(const Tariff& tariff, int32_t operation) {
  const bool may_cost_more = AnyTerm(tariff, operation, [](const Term& term) {
    return term.quantity == Quantity::kResults && term.rate.tiering == Tiering::kVolume;
  });
  return may_cost_more ? NotMeterable(operation) : absl::OkStatus();
}

absl::StatusOr<PriceTotals> PriceAgain(const Tariff& tariff, const QuoteTerms& terms) {
  if (!terms.session.has_value()) return PriceWithoutSteps(tariff, terms.usage);
  const SessionSlice& slice = *terms.session;
  return SlicePrice(tariff, terms.usage, slice.unit, slice.used_units,
                    slice.used_units + slice.slice_units, slice.number == 1);
}

}  // namespace joulebook::costing
