// The proof-of-work price of an operation: the better a member's reputation, the less work it shows
// (SPEC 6.2 of the storage economy).
#pragma once

#include <cstdint>

#include "common/money/rational.h"

namespace joulebook::costing {

struct ProofOfWorkRates {
  int32_t min_bits = 8;   // leading zero bits at a reputation of 1
  int32_t max_bits = 24;  // and at one of 0
  Rational joules_per_bit;
};

// max - (max - min) x reputation, rounded half up. `reputation_ppm` is 0 to 1 000 000; what is
// outside counts as the nearest value inside.
int32_t DifficultyBits(const ProofOfWorkRates& rates, int32_t reputation_ppm);

// Joules for one proof of so many bits.
Rational ProofOfWorkPrice(const ProofOfWorkRates& rates, int32_t bits);

}  // namespace joulebook::costing
