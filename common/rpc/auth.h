// Who calls, and what they may: bearer tokens map to roles, and each RPC names the role it needs.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/status/status.h"
#include "common/time/clock.h"

namespace joulebook {

// Each role may do what the lower ones may.
enum class Role { kReader = 1, kWriter = 2, kAdmin = 3 };

std::string_view ToString(Role role);

struct Identity {
  std::string name;
  Role role = Role::kReader;
};

// Known tokens by the SHA-256 of each, so that the file that lists them gives none away.
class TokenTable {
 public:
  // One token a line: SHA-256 in hexadecimal, role (reader, writer, admin), expiry (Unix seconds,
  // or "never"), name. Empty lines and lines from '#' are skipped. INVALID_ARGUMENT with the line.
  static absl::StatusOr<TokenTable> Parse(std::string_view text);

  // UNAUTHENTICATED with reason TOKEN_INVALID, or TOKEN_EXPIRED from the instant of expiry on.
  absl::StatusOr<Identity> Authenticate(std::string_view token, Time now,
                                        const std::string& domain) const;

 private:
  struct Entry {
    Identity identity;
    Time expires;
  };
  std::map<std::string, Entry, std::less<>> entries_;
};

// OK when `identity` may do what needs `needed`; else PERMISSION_DENIED, ROLE_NOT_ALLOWED.
absl::Status CheckRole(const Identity& identity, Role needed, const std::string& domain);

}  // namespace joulebook
