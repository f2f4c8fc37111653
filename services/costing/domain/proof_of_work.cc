#include "services/costing/domain/proof_of_work.h"

#include <algorithm>

namespace joulebook::costing {

int32_t DifficultyBits(const ProofOfWorkRates& rates, int32_t reputation_ppm) {
  constexpr int64_t kMillion = 1'000'000;
  const int64_t reputation = std::clamp<int64_t>(reputation_ppm, 0, kMillion);
  const int64_t range = rates.max_bits - rates.min_bits;
  const int64_t scaled = rates.max_bits * kMillion - range * reputation;
  return static_cast<int32_t>((scaled + kMillion / 2) / kMillion);
}

Rational ProofOfWorkPrice(const ProofOfWorkRates& rates, int32_t bits) {
  return rates.joules_per_bit * bits;
}

}  // namespace joulebook::costing
