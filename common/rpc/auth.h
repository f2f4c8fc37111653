// Who calls, and what they may: a bearer token names a set of roles, and each RPC the one it needs.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "common/status/status.h"
#include "common/time/clock.h"

namespace joulebook {

enum class Role {
  // Reads everything.
  kReader,
  // Does the everyday work of members and services.
  kWriter,
  // Brings value into being, and stops accounts.
  kIssuer,
  // Sets the rules and looks after the service.
  kAdmin,
};

std::string_view ToString(Role role);

// No role contains another, except that each may read.
class Roles {
 public:
  constexpr Roles() = default;
  constexpr Roles(std::initializer_list<Role> roles) {
    for (const Role role : roles) Add(role);
  }
  static constexpr Roles All() {
    return {Role::kReader, Role::kWriter, Role::kIssuer, Role::kAdmin};
  }
  constexpr void Add(Role role) { bits_ |= Bit(role); }
  constexpr bool Has(Role role) const {
    return role == Role::kReader ? bits_ != 0 : (bits_ & Bit(role)) != 0;
  }
  bool operator==(const Roles&) const = default;

 private:
  static constexpr unsigned Bit(Role role) { return 1U << static_cast<unsigned>(role); }
  unsigned bits_ = 0;
};

struct Identity {
  std::string name;
  Roles roles;
  // When the token's time is up.
  Time expires = Time::max();
};

// Known tokens by the SHA-256 of each, so that the file that lists them gives none away.
class TokenTable {
 public:
  // One token a line: SHA-256 in hexadecimal, roles (reader, writer, issuer, admin; several with
  // commas between), expiry (Unix seconds, or "never"), name. Empty lines and lines from '#' are
  // skipped. INVALID_ARGUMENT with the line.
  static absl::StatusOr<TokenTable> Parse(std::string_view text);

  // UNAUTHENTICATED with reason TOKEN_INVALID, or TOKEN_EXPIRED from the instant of expiry on.
  absl::StatusOr<Identity> Authenticate(std::string_view token, Time now,
                                        const std::string& domain) const;

 private:
  std::map<std::string, Identity, std::less<>> entries_;
};

// UNAUTHENTICATED, TOKEN_EXPIRED from the instant of expiry on.
absl::Status CheckExpiry(const Identity& identity, Time now, const std::string& domain);
// PERMISSION_DENIED, ROLE_NOT_ALLOWED unless `identity` has the role.
absl::Status CheckRole(const Identity& identity, Role needed, const std::string& domain);

}  // namespace joulebook
