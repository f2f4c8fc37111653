// Metered sessions: the price of a slice is the difference of two prices of the whole, so slices
// sum to it exactly, however the session is cut.
//
// Within one tariff, one time window and one factor of congestion, a slice from a to b costs
// P(b) - P(a), where P(n) is the price of the session's usage with n metered units and P(0) at the
// very beginning is 0: what an operation costs whatever its size is paid with the first slice. When
// the price changes, the next slice has the new P on both sides: fixed parts are not paid again.
// There is no minimum charge: it would make small slices cost less than nothing.
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
