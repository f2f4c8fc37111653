// The bill of one operation, for people, and its charge done again.
#pragma once

#include <string>

#include "tools/metered_day/day.h"

namespace joulebook::metered_day {

// Step by step, down to the parts and the total.
std::string BillText(const costing::v1::Quote& quote);

// Fetches the charge and its reservation from the ledger and the tariff by the hash that the charge
// keeps, does the price again, and says so. DATA_LOSS where it is not what was charged.
absl::StatusOr<std::string> RecomputeCharge(const DayResult& day, LedgerClient& ledger,
                                            CostingClient& costing);

}  // namespace joulebook::metered_day
