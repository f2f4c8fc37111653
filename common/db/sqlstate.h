// The meaning of PostgreSQL's failures for the caller, by SQLSTATE, never by message text.
#pragma once

#include <string_view>

#include "common/status/status.h"

namespace joulebook {

inline constexpr std::string_view kLockNotAvailable = "55P03";

// UNAVAILABLE: connection lost, shutting down, too many connections (classes 08, 53, 57P).
// ABORTED: serialization failure, deadlock (40001, 40P01). DEADLINE_EXCEEDED: statement timeout
// (57014), lock timeout (55P03). ALREADY_EXISTS: unique violation (23505). FAILED_PRECONDITION: any
// other integrity constraint (class 23). INTERNAL: everything else.
absl::StatusCode CodeOfSqlState(std::string_view sqlstate);

}  // namespace joulebook
