// What would this usage have cost under another tariff? Streams a trace to costing's Rerate.
#pragma once

#include <istream>
#include <string>
#include <string_view>

#include "common/rpc/client.h"
#include "common/status/status.h"
#include "joulebook/costing/v1/costing_service.grpc.pb.h"

namespace joulebook::rerate {

// "name:version" or "name" for the one in effect. INVALID_ARGUMENT for other text.
absl::StatusOr<costing::v1::TariffSelector> ParseSelector(std::string_view text);

struct Options {
  ClientOptions channel;
  std::string token;
  costing::v1::TariffSelector before;
  costing::v1::TariffSelector after;
  int32_t reputation_ppm = 500'000;  // of all members
};

// Reads the trace (either form of tools/metered_day/trace.h) and streams it as it reads.
absl::StatusOr<costing::v1::RerateResponse> Rerate(const Options& options, std::istream& csv);

// The table of differences, members with the largest first, at most `members` of them.
std::string DifferenceTable(const costing::v1::RerateResponse& totals, std::size_t members);

}  // namespace joulebook::rerate
