// GoogleTest matchers for absl::Status and absl::StatusOr.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "common/status/status.h"

namespace joulebook {

inline const absl::Status& AsStatus(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& AsStatus(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

// Matches an OK status; prints the error otherwise.
MATCHER(IsOk, "is OK") {
  *result_listener << AsStatus(arg).ToString();
  return AsStatus(arg).ok();
}

// Matches a status of this code whose ErrorInfo has this reason.
MATCHER_P2(StatusIs, code, reason, "has the code and reason") {
  const absl::Status& status = AsStatus(arg);
  const auto info = GetErrorInfo(status);
  *result_listener << status.ToString() << " reason " << (info ? info->reason : "none");
  return status.code() == code && info.has_value() && info->reason == reason;
}

}  // namespace joulebook
