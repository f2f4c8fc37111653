// The cost of a usage under another tariff. Streams a trace to costing's Rerate.
#pragma once

#include <istream>
#include <span>
#include <string>
#include <string_view>

#include "common/rpc/client.h"
#include "common/status/status.h"
#include "joulebook/costing/v1/costing_service.grpc.pb.h"

namespace joulebook::rerate {

// "name:version" or "name" for the one in effect. INVALID_ARGUMENT for other text.
absl::StatusOr<costing::v1::TariffSelector> ParseSelector(std::string_view text);

// The usage of a member, as it was quoted.
struct PricedUsage {
  std::string member;
  type::v1::Usage usage;
};

struct Options {
  ClientOptions channel;
  std::string token;
  costing::v1::TariffSelector before;
  costing::v1::TariffSelector after;
  // The reputation of all members of a trace, which says nothing of it: what members begin with.
  int32_t reputation_ppm = 500'000;
};

// Reads the trace (either form of tools/metered_day/trace.h) and streams it as it reads.
absl::StatusOr<costing::v1::RerateResponse> Rerate(const Options& options, std::istream& csv);

// The same of usage whose members' reputations, discounts and times are known.
absl::StatusOr<costing::v1::RerateResponse> Rerate(const Options& options,
                                                   std::span<const PricedUsage> used);

// The table of differences, members with the largest first, at most `members` of them.
std::string DifferenceTable(const costing::v1::RerateResponse& totals, std::size_t members);

}  // namespace joulebook::rerate
