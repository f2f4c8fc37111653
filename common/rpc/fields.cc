#include "common/rpc/fields.h"

#include "common/rpc/timestamps.h"

namespace joulebook {

absl::StatusOr<Uuid> ParseIdField(const std::string& domain, std::string_view field,
                                  std::string_view text) {
  const auto id = Uuid::Parse(text);
  if (!id.has_value()) return MakeFieldInvalid(domain, field, "must be a UUID");
  return *id;
}

absl::StatusOr<Uuid> ParseNewIdField(const std::string& domain, std::string_view field,
                                     std::string_view text) {
  JB_ASSIGN_OR_RETURN(const Uuid id, ParseIdField(domain, field, text));
  if (id.IsNil() || id.IsMax()) {
    return MakeFieldInvalid(domain, field, "must not be the nil or max UUID");
  }
  return id;
}

absl::StatusOr<Time> ParseTimeField(const std::string& domain, std::string_view field,
                                    const google::protobuf::Timestamp& time) {
  const auto parsed = ReadTimestamp(time);
  if (!parsed.has_value()) {
    return MakeFieldInvalid(domain, field, "must be from 1970 to 9999, in whole microseconds");
  }
  return *parsed;
}

}  // namespace joulebook
