// The boundary that answers the client: the one place where an error gets its final form and its
// log line.
#pragma once

#include <grpcpp/support/status.h>

#include <string_view>

#include "common/status/status.h"

namespace joulebook::ledger {

// What the client gets for `status` of the RPC `method`. An error without a reason gets the one of
// its code (OVERLOADED, DATABASE_UNAVAILABLE, DEADLINE_PASSED, else INTERNAL with its text kept
// inside); errors that are the server's are logged.
grpc::Status Finish(std::string_view method, const absl::Status& status);

// UNAVAILABLE, DRAINING.
absl::Status Draining();
// RESOURCE_EXHAUSTED, OVERLOADED.
absl::Status Overloaded(std::string_view queue, std::size_t limit);
// INVALID_ARGUMENT, TOO_MANY_ITEMS.
absl::Status TooManyItems(std::size_t items);

}  // namespace joulebook::ledger
