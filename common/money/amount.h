// An amount of one asset in whole minor units. Arithmetic is checked: what does not fit 64 bits, or
// mixes assets, is an error, never a wrap.
#pragma once

#include <cstdint>

#include "common/money/asset.h"
#include "common/status/status.h"

namespace joulebook {

struct Amount {
  AssetCode asset;
  int64_t minor = 0;

  bool operator==(const Amount&) const = default;
};

// Errors: INVALID_ARGUMENT for different assets, OUT_OF_RANGE when the result leaves 64 bits.
absl::StatusOr<Amount> Add(const Amount& a, const Amount& b);
absl::StatusOr<Amount> Subtract(const Amount& a, const Amount& b);

}  // namespace joulebook
