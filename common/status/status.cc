#include "common/status/status.h"

#include "absl/strings/str_cat.h"
#include "common/status/check.h"
#include "google/rpc/error_details.pb.h"

namespace joulebook {
namespace {
constexpr char kErrorInfoType[] = "type.googleapis.com/google.rpc.ErrorInfo";

// Cut between two characters.
std::string Shortened(std::string_view text) {
  if (text.size() <= kMaxErrorText) return std::string(text);
  std::size_t end = kMaxErrorText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return absl::StrCat(ToAbsl(text.substr(0, end)), "...");
}

}  // namespace

absl::Status MakeError(absl::StatusCode code, const ErrorInfo& info, std::string_view message) {
  JB_CHECK(code != absl::StatusCode::kOk);
  absl::Status status(code, Shortened(message));
  google::rpc::ErrorInfo proto;
  proto.set_reason(info.reason);
  proto.set_domain(info.domain);
  for (const auto& [key, value] : info.metadata)
    (*proto.mutable_metadata())[key] = Shortened(value);
  status.SetPayload(kErrorInfoType, absl::Cord(proto.SerializeAsString()));
  return status;
}

absl::Status MakeFieldInvalid(const std::string& domain, std::string_view field,
                              std::string_view rule) {
  return MakeError(
      absl::StatusCode::kInvalidArgument,
      {"FIELD_INVALID", domain, {{"field", std::string(field)}, {"rule", std::string(rule)}}},
      absl::StrCat(ToAbsl(field), " ", ToAbsl(rule)));
}

absl::Status MakeDifferentContent(const std::string& domain, std::string_view id,
                                  std::string_view field) {
  return MakeError(absl::StatusCode::kAlreadyExists,
                   {"ID_EXISTS_WITH_DIFFERENT_CONTENT",
                    domain,
                    {{"id", std::string(id)}, {"field", std::string(field)}}},
                   absl::StrCat(ToAbsl(id), " exists with another ", ToAbsl(field)));
}

std::optional<ErrorInfo> GetErrorInfo(const absl::Status& status) {
  const auto payload = status.GetPayload(kErrorInfoType);
  if (!payload.has_value()) return std::nullopt;
  google::rpc::ErrorInfo proto;
  if (!proto.ParseFromString(std::string(*payload))) return std::nullopt;
  return ErrorInfo{
      proto.reason(), proto.domain(), {proto.metadata().begin(), proto.metadata().end()}};
}

}  // namespace joulebook
