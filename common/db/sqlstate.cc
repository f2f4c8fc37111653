#include "common/db/sqlstate.h"

namespace joulebook {

absl::StatusCode CodeOfSqlState(std::string_view sqlstate) {
  if (sqlstate == "40001" || sqlstate == "40P01") return absl::StatusCode::kAborted;
  if (sqlstate == "57014" || sqlstate == kLockNotAvailable) {
    return absl::StatusCode::kDeadlineExceeded;
  }
  if (sqlstate == "23505") return absl::StatusCode::kAlreadyExists;
  const std::string_view sqlstate_class = sqlstate.substr(0, 2);
  if (sqlstate_class == "23") return absl::StatusCode::kFailedPrecondition;
  if (sqlstate_class == "08" || sqlstate_class == "53" || sqlstate.substr(0, 3) == "57P") {
    return absl::StatusCode::kUnavailable;
  }
  return absl::StatusCode::kInternal;
}

}  // namespace joulebook
