// Errors inside the services: absl::Status, carrying the ErrorInfo that the wire will show.
//
//   return MakeError(absl::StatusCode::kNotFound, {"MEMBER_NOT_FOUND", "ledger.joulebook",
//                                                  {{"member_id", id}}}, "no such member");
//
// Reasons are UPPER_SNAKE_CASE, at most 63 characters; every changing part of the message is also
// in the metadata (AIP-193). A status has at most one ErrorInfo. Parts of a caller's own text may
// be in it, so message and values are cut after kMaxErrorText bytes: a client takes 8 KiB of
// trailers.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace joulebook {

inline constexpr std::size_t kMaxErrorText = 512;

struct ErrorInfo {
  std::string reason;
  std::string domain;
  std::map<std::string, std::string> metadata;

  bool operator==(const ErrorInfo&) const = default;
};

// An error with its reason. `code` must not be kOk.
absl::Status MakeError(absl::StatusCode code, const ErrorInfo& info, std::string_view message);

// The errors that every service has: INVALID_ARGUMENT, FIELD_INVALID; and ALREADY_EXISTS,
// ID_EXISTS_WITH_DIFFERENT_CONTENT.
absl::Status MakeFieldInvalid(const std::string& domain, std::string_view field,
                              std::string_view rule);
absl::Status MakeDifferentContent(const std::string& domain, std::string_view id,
                                  std::string_view field);

// The reason that `status` carries, if it carries one.
std::optional<ErrorInfo> GetErrorInfo(const absl::Status& status);

// Debian's abseil has a string_view of its own; these convert at the border.
inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToStd(absl::string_view text) { return {text.data(), text.size()}; }

}  // namespace joulebook

// The two status macros of the suite.
#define JB_RETURN_IF_ERROR(expression)       \
  do {                                       \
    absl::Status jb_status_ = (expression);  \
    if (!jb_status_.ok()) return jb_status_; \
  } while (false)

#define JB_STATUS_CONCAT_INNER_(x, y) x##y
#define JB_STATUS_CONCAT_(x, y) JB_STATUS_CONCAT_INNER_(x, y)
#define JB_ASSIGN_OR_RETURN_(holder, target, expression) \
  auto holder = (expression);                            \
  if (!holder.ok()) return std::move(holder).status();   \
  target = *std::move(holder)
#define JB_ASSIGN_OR_RETURN(target, expression) \
  JB_ASSIGN_OR_RETURN_(JB_STATUS_CONCAT_(jb_statusor_, __LINE__), target, expression)
