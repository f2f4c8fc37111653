// The vectors of the storage economy for what reputation and utility cost.
#include <limits>

#include "common/testing/matchers.h"
#include "services/costing/domain/proof_of_work.h"
#include "services/costing/domain/utility.h"

namespace joulebook::costing {
namespace {

constexpr int64_t kMaxCount = std::numeric_limits<int64_t>::max();

TEST(DifficultyBits, FollowsReputation) {
  const ProofOfWorkRates rates{
      .min_bits = 8, .max_bits = 24, .joules_per_bit = Rational::Parse("0.1").value()};
  struct Case {
    int32_t reputation_ppm, bits;
    const char* joules;
  };
  const Case cases[] = {
      {1'000'000, 8, "0.8"}, {950'000, 9, "0.9"},  {900'000, 10, "1"},   {800'000, 11, "1.1"},
      {750'000, 12, "1.2"},  {700'000, 13, "1.3"}, {600'000, 14, "1.4"}, {500'000, 16, "1.6"},
      {400'000, 18, "1.8"},  {300'000, 19, "1.9"}, {250'000, 20, "2"},   {200'000, 21, "2.1"},
      {100'000, 22, "2.2"},  {0, 24, "2.4"},       {-5, 24, "2.4"},      {1'000'001, 8, "0.8"},
      {968'750, 9, "0.9"},  // 8.5 bits, half up
      {968'751, 8, "0.8"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(DifficultyBits(rates, c.reputation_ppm), c.bits) << c.reputation_ppm;
    EXPECT_EQ(ProofOfWorkPrice(rates, c.bits).ToString(), c.joules) << c.bits;
  }
}

TEST(UtilityPpm, FollowsUse) {
  const std::pair<ContentUse, int32_t> cases[] = {
      {{0, 0, 0, 0}, 350'000},
      {{10, 3, 0, 30}, 426'806},
      {{100, 20, 3'000, 30}, 610'589},
      {{1'000, 100, 4'000, 90}, 706'537},
      {{99'999, 9'999, 5'000, 0}, 1'000'000},
      {{10'000'000, 1'000'000, 5'000, 0}, 1'000'000},  // 1.22 before it is clamped
      {{0, 0, 0, 365}, 223'576},
      {{0, 0, -5'000, 3'650}, 9},
      {{0, 0, -5'000, kMaxCount}, 0},
      {{kMaxCount, kMaxCount, 5'000, 0}, 1'000'000},
      {{-1, -1, -9'000, -1}, 200'000},  // out of range: the nearest in range
  };
  for (const auto& [use, ppm] : cases) {
    EXPECT_EQ(UtilityPpm(use), ppm) << use.accesses << " " << use.age_days;
  }
}

}  // namespace
}  // namespace joulebook::costing
