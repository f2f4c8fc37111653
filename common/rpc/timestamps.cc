#include "common/rpc/timestamps.h"

namespace joulebook {

void SetTimestamp(Time time, google::protobuf::Timestamp& proto) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  proto.set_seconds(seconds.time_since_epoch().count());
  proto.set_nanos(static_cast<int32_t>((time - seconds).count() * 1000));
}

}  // namespace joulebook
