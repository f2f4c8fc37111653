// Fields that every service's messages have. `domain` is that of the service's errors; all are
// FIELD_INVALID, naming the field.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <string>
#include <string_view>

#include "common/ids/uuid.h"
#include "common/status/status.h"
#include "common/time/clock.h"

namespace joulebook {

absl::StatusOr<Uuid> ParseIdField(const std::string& domain, std::string_view field,
                                  std::string_view text);
// The same, neither nil nor max: of what the client makes.
absl::StatusOr<Uuid> ParseNewIdField(const std::string& domain, std::string_view field,
                                     std::string_view text);
absl::StatusOr<Time> ParseTimeField(const std::string& domain, std::string_view field,
                                    const google::protobuf::Timestamp& time);

}  // namespace joulebook
