// Metered sessions: the price of a slice is the difference of two prices of the whole, so slices
// sum to it exactly, however the session is cut.
//
// Within one tariff, one time window and one factor of congestion, a slice from a to b costs
// P(b) - P(a), where P(n) is the price that a quote for n metered units would have, minimum charge
// and all. The first slice costs P(b): what an operation costs whatever its size is paid with it.
// So at every moment exactly the price of what was used is paid. When the price changes, the next
// slice has the new P on both sides: fixed parts are not paid again.
// No slice costs less than nothing. A part of one may: the computation that the minimum charge
// raised falls back while other parts grow.
#pragma once

#include "services/costing/domain/price.h"

namespace joulebook::costing {

enum class MeteredUnit { kBytes = 1, kSeconds = 2, kResults = 3 };

// Errors: NOT_METERABLE where more units could cost less: a term of the operation has volume tiers;
// and for usage of more than one operation.
absl::Status CheckMeterable(const Tariff& tariff, const Usage& usage);

// The usage with so many units.
Usage WithUnits(Usage usage, MeteredUnit unit, int64_t units);

// The price of the units from `from` to `to` (from <= to). Errors: those of Price.
absl::StatusOr<PriceTotals> SlicePrice(const Tariff& tariff, const Usage& usage, MeteredUnit unit,
                                       int64_t from, int64_t to, bool is_first);

// When a price made at `at` changes next by the tariff's time windows: the start or end of one, in
// the tariff's zone; a week later at most.
Time NextWindowEdge(const Tariff& tariff, Time at);

}  // namespace joulebook::costing
