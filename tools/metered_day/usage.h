// The usage that costing is told of a metered operation.
#pragma once

#include "joulebook/type/v1/quote.pb.h"
#include "tools/metered_day/trace.h"

namespace joulebook::metered_day {

// The utility of content that nobody has used or rated yet, as GetUtility scores it.
inline constexpr int32_t kNewContentUtilityPpm = 350'000;

// `reputation_ppm` is the member's.
inline void ToProto(const Usage& usage, int32_t reputation_ppm, type::v1::Usage& proto) {
  proto.set_operation_type(usage.operation);
  proto.set_data_size_bytes(usage.bytes);
  proto.set_duration_s(usage.duration_s);
  proto.set_redundancy(usage.redundancy);
  proto.set_reputation_ppm(reputation_ppm);
  proto.set_utility_ppm(kNewContentUtilityPpm);
}

}  // namespace joulebook::metered_day
