// Opaque page tokens: where the next page starts, bound to the query it belongs to.
#pragma once

#include <google/protobuf/message.h>

#include <optional>
#include <string>
#include <string_view>

#include "common/status/status.h"

namespace joulebook::ledger {

// The token for `key` (where the page ended). `query` is the request with its page fields cleared.
std::string MakePageToken(std::string_view key, const google::protobuf::Message& query);

// The key in `token`, or nothing for an empty token (the first page). INVALID_ARGUMENT,
// PAGE_TOKEN_INVALID when it is not ours or belongs to another query.
absl::StatusOr<std::optional<std::string>> ParsePageToken(std::string_view token,
                                                          const google::protobuf::Message& query);

// 0 means 100; INVALID_ARGUMENT, FIELD_INVALID outside 1 to 1000.
absl::StatusOr<int> ParsePageSize(int page_size);

}  // namespace joulebook::ledger
