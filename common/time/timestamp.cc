#include "common/time/timestamp.h"

namespace joulebook {

std::optional<Time> ParseTimestamp(int64_t seconds, int32_t nanos) {
  constexpr int64_t kMaxTimeSeconds = 253'402'300'799;  // 9999-12-31T23:59:59Z
  if (seconds < 0 || seconds > kMaxTimeSeconds || nanos < 0 || nanos > 999'999'999 ||
      nanos % 1000 != 0) {
    return std::nullopt;
  }
  return Time(std::chrono::seconds(seconds)) + Duration(nanos / 1000);
}

}  // namespace joulebook
