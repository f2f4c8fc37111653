#include "common/rpc/page_token.h"

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/crypto/sha256.h"

namespace joulebook {
namespace {

constexpr int kDefaultPageSize = 100;
constexpr int kMaxPageSize = 1000;
constexpr std::size_t kDigestBytes = 8;

std::string Digest(std::string_view key, const google::protobuf::Message& query) {
  const Sha256Digest digest = Sha256(absl::StrCat("page.v1.", query.GetTypeName(), ".", key.size(),
                                                  ".", ToAbsl(key), query.SerializeAsString()));
  return std::string(AsBytes(digest).substr(0, kDigestBytes));
}

}  // namespace

absl::Status PageTokenInvalid(const std::string& domain) {
  return MakeError(absl::StatusCode::kInvalidArgument, {"PAGE_TOKEN_INVALID", domain, {}},
                   "the page token is not from an earlier page of this query");
}

std::string MakePageToken(std::string_view key, const google::protobuf::Message& query) {
  return absl::WebSafeBase64Escape(absl::StrCat(Digest(key, query), ToAbsl(key)));
}

absl::StatusOr<std::optional<std::string>> ParsePageToken(std::string_view token,
                                                          const google::protobuf::Message& query,
                                                          const std::string& domain) {
  if (token.empty()) return std::nullopt;
  std::string bytes;
  if (absl::WebSafeBase64Unescape(ToAbsl(token), &bytes) && bytes.size() > kDigestBytes) {
    std::string key = bytes.substr(kDigestBytes);
    if (bytes.substr(0, kDigestBytes) == Digest(key, query)) return key;
  }
  return PageTokenInvalid(domain);
}

// A digest is no secret, so a token may be of somebody's making.
absl::StatusOr<std::optional<int64_t>> ParseNumberToken(std::string_view token,
                                                        const google::protobuf::Message& query,
                                                        const std::string& domain) {
  JB_ASSIGN_OR_RETURN(const auto key, ParsePageToken(token, query, domain));
  if (!key.has_value()) return std::nullopt;
  int64_t number = 0;
  if (!absl::SimpleAtoi(*key, &number)) return PageTokenInvalid(domain);
  return number;
}

absl::StatusOr<std::optional<Uuid>> ParseIdToken(std::string_view token,
                                                 const google::protobuf::Message& query,
                                                 const std::string& domain) {
  JB_ASSIGN_OR_RETURN(const auto key, ParsePageToken(token, query, domain));
  if (!key.has_value()) return std::nullopt;
  const auto id = Uuid::Parse(*key);
  if (!id.has_value()) return PageTokenInvalid(domain);
  return id;
}

absl::StatusOr<int> ParsePageSize(int page_size, const std::string& domain) {
  if (page_size == 0) return kDefaultPageSize;
  if (page_size < 0 || page_size > kMaxPageSize) {
    return MakeFieldInvalid(domain, "page_size", "must be 0 to 1000");
  }
  return page_size;
}

}  // namespace joulebook
