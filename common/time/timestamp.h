// Instants as the wire has them: seconds and nanoseconds.
#pragma once

#include <cstdint>
#include <optional>

#include "common/time/clock.h"

namespace joulebook {

// The instant, if it is from 1970-01-01 to 9999-12-31 and in whole microseconds.
std::optional<Time> ParseTimestamp(int64_t seconds, int32_t nanos);

}  // namespace joulebook
