// What an operation costs until the costing service prices it: a plain table of constants.
#pragma once

#include "tools/metered_day/trace.h"

namespace joulebook::metered_day {

// Micro-joules, rounded up: a base (16 bits of proof of work at 0.1 J, the price at neutral
// reputation) and a rate per KiB (hashing 0.001 J/KB, bandwidth 0.01 J/MB a copy, storage 0.5 J/GB
// and day times 1 + 0.8 (copies - 1)). OUT_OF_RANGE when it does not fit 64 bits.
absl::StatusOr<int64_t> PriceMicrojoules(const Usage& usage);

}  // namespace joulebook::metered_day
