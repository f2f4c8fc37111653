// The utility of content: how much it is used and liked (SPEC 6.3 of the storage economy). Integers
// only, so that every machine gets the same score.
#pragma once

#include <cstdint>

namespace joulebook::costing {

struct ContentUse {
  int64_t accesses = 0;        // 0 or more
  int64_t unique_members = 0;  // 0 or more
  int32_t rating_milli = 0;    // -5 000 to 5 000: thousandths of a point
  int64_t age_days = 0;        // 0 or more, since creation
};

// 0.3 log10(accesses + 1) / 5 + 0.2 log10(unique + 1) / 4 + 0.3 (rating + 5) / 10
//   + 0.2 exp(-age / 365), clamped to 0 to 1, in millionths, rounded half up.
// The source calls the age both time since creation and since last use; it is since creation. A
// value out of range counts as the nearest value in range.
int32_t UtilityPpm(const ContentUse& use);

}  // namespace joulebook::costing
