#include "services/costing/domain/quote.h"

namespace joulebook::costing {

absl::StatusOr<PriceTotals> PriceAgain(const Tariff& tariff, const QuoteTerms& terms) {
  if (!terms.session.has_value()) return PriceWithoutSteps(tariff, terms.usage);
  const SessionSlice& slice = *terms.session;
  return SlicePrice(tariff, terms.usage, slice.unit, slice.used_units,
                    slice.used_units + slice.slice_units, slice.number == 1);
}

}  // namespace joulebook::costing
