#include "services/costing/domain/quote.h"

#include <algorithm>

#include "services/costing/domain/errors.h"

namespace joulebook::costing {

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
  const auto price = tariff.operations.find(operation);
  return price != tariff.operations.end() &&
         std::any_of(price->second.terms.begin(), price->second.terms.end(),
                     [](const Term& term) { return term.quantity == Quantity::kResults; });
}

absl::StatusOr<PriceTotals> PriceAgain(const Tariff& tariff, const QuoteTerms& terms) {
  if (!terms.session.has_value()) return PriceWithoutSteps(tariff, terms.usage);
  const SessionSlice& slice = *terms.session;
  return SlicePrice(tariff, terms.usage, slice.unit, slice.used_units,
                    slice.used_units + slice.slice_units, slice.number == 1);
}

}  // namespace joulebook::costing
