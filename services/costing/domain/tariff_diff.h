// Where two tariffs differ, place by place.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"

namespace joulebook::costing {

struct TariffDifference {
  std::string place;   // rates.hash.tiers[0].joules
  std::string before;  // JSON; empty where there was nothing
  std::string after;   // JSON; empty where there is nothing

  bool operator==(const TariffDifference&) const = default;
};

// The differences of two canonical texts, in the order of places. Errors: TARIFF_INVALID.
absl::StatusOr<std::vector<TariffDifference>> DiffTariffs(std::string_view before,
                                                          std::string_view after);

}  // namespace joulebook::costing
