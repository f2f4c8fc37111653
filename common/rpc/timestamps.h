// google.protobuf.Timestamp to instants and back.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include "common/time/timestamp.h"

namespace joulebook {

inline std::optional<Time> ReadTimestamp(const google::protobuf::Timestamp& proto) {
  return ParseTimestamp(proto.seconds(), proto.nanos());
}

void SetTimestamp(Time time, google::protobuf::Timestamp& proto);

}  // namespace joulebook
