// Opaque page tokens: where the next page starts, bound to the query it belongs to.
#pragma once

#include <google/protobuf/message.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids/uuid.h"
#include "common/status/status.h"

namespace joulebook {

// The token for `key` (where the page ended). `query` is the request with its page fields cleared.
std::string MakePageToken(std::string_view key, const google::protobuf::Message& query);

// The key in `token`, or nothing for an empty token (the first page). INVALID_ARGUMENT,
// PAGE_TOKEN_INVALID of `domain` when it is not ours or belongs to another query.
absl::StatusOr<std::optional<std::string>> ParsePageToken(std::string_view token,
                                                          const google::protobuf::Message& query,
                                                          const std::string& domain);

// INVALID_ARGUMENT, PAGE_TOKEN_INVALID of `domain`: also for keys that lead nowhere.
absl::Status PageTokenInvalid(const std::string& domain);

// The same for keys that are whole numbers.
absl::StatusOr<std::optional<int64_t>> ParseNumberToken(std::string_view token,
                                                        const google::protobuf::Message& query,
                                                        const std::string& domain);

// The same for keys that are UUIDs.
absl::StatusOr<std::optional<Uuid>> ParseIdToken(std::string_view token,
                                                 const google::protobuf::Message& query,
                                                 const std::string& domain);

// 0 means 100; INVALID_ARGUMENT, FIELD_INVALID of `domain` outside 1 to 1000.
absl::StatusOr<int> ParsePageSize(int page_size, const std::string& domain);

// The query that a page token is bound to: the request without its page fields.
template <typename Request>
Request QueryOf(Request request) {
  request.clear_page_size();
  request.clear_page_token();
  return request;
}

// A page ends when it is above this, so that with its last row it stays below the 4 MiB that a
// client takes by default. No row is above 1 MiB.
inline constexpr std::size_t kMaxPageBytes = std::size_t{2} * 1024 * 1024;

// Adds rows to a page: `add` puts one into the response and gives the message that it made. The
// page ends before the row that is there only to say that there is a next page (of `limit` rows it
// is the last), or earlier by kMaxPageBytes. Returns the next page's token, or none.
template <typename T, typename KeyOf, typename Request, typename Add>
std::string FillPage(const std::vector<T>& rows, int limit, const Request& request,
                     const KeyOf& key_of, const Add& add) {
  const auto most = static_cast<std::size_t>(limit) - 1;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i == most || bytes > kMaxPageBytes) {
      return MakePageToken(key_of(rows[i - 1]), QueryOf(request));
    }
    const google::protobuf::Message& added = add(rows[i]);
    bytes += added.ByteSizeLong();
  }
  return "";
}

}  // namespace joulebook
