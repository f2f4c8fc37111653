#include "common/rpc/auth.h"

#include <limits>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/crypto/sha256.h"

namespace joulebook {
namespace {

constexpr std::pair<std::string_view, Role> kRoleNames[] = {{"reader", Role::kReader},
                                                            {"writer", Role::kWriter},
                                                            {"issuer", Role::kIssuer},
                                                            {"admin", Role::kAdmin}};

std::optional<Role> ParseRole(std::string_view text) {
  for (const auto& [name, role] : kRoleNames) {
    if (name == text) return role;
  }
  return std::nullopt;
}

std::optional<Roles> ParseRoles(std::string_view text) {
  Roles roles;
  for (const absl::string_view name : absl::StrSplit(ToAbsl(text), ',')) {
    const auto role = ParseRole(ToStd(name));
    if (!role.has_value()) return std::nullopt;
    roles.Add(*role);
  }
  return roles;
}

std::optional<Time> ParseExpiry(const std::string& text) {
  if (text == "never") return Time::max();
  int64_t seconds = 0;
  constexpr int64_t kMaxSeconds = std::numeric_limits<int64_t>::max() / 1'000'000;
  if (!absl::SimpleAtoi(text, &seconds) || seconds < 0 || seconds > kMaxSeconds) {
    return std::nullopt;
  }
  return Time(std::chrono::seconds(seconds));
}

}  // namespace

std::string_view ToString(Role role) {
  for (const auto& [name, candidate] : kRoleNames) {
    if (candidate == role) return name;
  }
  return "";
}

absl::StatusOr<TokenTable> TokenTable::Parse(std::string_view text) {
  TokenTable table;
  std::istringstream lines{std::string(text)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string digest, role_names, expiry, name;
    if (!(words >> digest)) continue;
    words >> role_names >> expiry >> name;
    const auto roles = ParseRoles(role_names);
    const auto expires = ParseExpiry(expiry);
    if (digest.size() != 64 || !roles || !expires || name.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("tokens, line ", number,
                       ": expected SHA256 ROLE[,ROLE...] EXPIRY NAME, the "
                       "roles being reader, writer, issuer and admin"));
    }
    table.entries_[digest] = {name, *roles, *expires};
  }
  return table;
}

absl::StatusOr<Identity> TokenTable::Authenticate(std::string_view token, Time now,
                                                  const std::string& domain) const {
  const auto it = entries_.find(ToHex(Sha256(token)));
  if (it == entries_.end()) {
    return MakeError(absl::StatusCode::kUnauthenticated, {"TOKEN_INVALID", domain, {}},
                     "a known bearer token is needed");
  }
  JB_RETURN_IF_ERROR(CheckExpiry(it->second, now, domain));
  return it->second;
}

absl::Status CheckExpiry(const Identity& identity, Time now, const std::string& domain) {
  if (now < identity.expires) return absl::OkStatus();
  return MakeError(absl::StatusCode::kUnauthenticated, {"TOKEN_EXPIRED", domain, {}},
                   "the bearer token has expired");
}

absl::Status CheckRole(const Identity& identity, Role needed, const std::string& domain) {
  if (identity.roles.Has(needed)) return absl::OkStatus();
  const std::string role(ToString(needed));
  return MakeError(absl::StatusCode::kPermissionDenied,
                   {"ROLE_NOT_ALLOWED", domain, {{"needed_role", role}}},
                   absl::StrCat("this call needs the role ", role));
}

}  // namespace joulebook
