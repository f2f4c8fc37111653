// Accounts and their balances.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/ids/uuid.h"
#include "common/money/asset.h"
#include "common/time/clock.h"

namespace joulebook::ledger {

using Metadata = std::map<std::string, std::string>;

// Minor units. posted = granted + earned - spent, always.
struct Balances {
  int64_t posted = 0;
  int64_t reserved = 0;
  int64_t pending = 0;
  int64_t granted = 0;
  int64_t earned = 0;
  int64_t spent = 0;
  int64_t version = 0;

  int64_t available() const { return posted - reserved; }
  // Whether no amount is negative but the posted one, which a lower limit may allow.
  bool IsPossible() const { return std::min({reserved, pending, granted, spent, version}) >= 0; }
  bool operator==(const Balances&) const = default;
};

enum class AccountRole {
  kMember = 1,
  kProvider = 2,
  kIssuer = 3,
  kFees = 4,
  kEscrow = 5,
  kSink = 6,
  kExternal = 7,
};

// Whether value comes into the book from accounts of the role, made there (ISSUER) or brought in
// from outside (EXTERNAL). They have no lower limit unless one is given.
constexpr bool IsSourceOfValue(AccountRole role) {
  return role == AccountRole::kIssuer || role == AccountRole::kExternal;
}

enum class AccountState { kOpen = 1, kFrozen = 2, kClosed = 3 };

inline constexpr AssetCode kJoule("J");

// The issuer of joules, there from the first migration.
inline constexpr Uuid kJouleIssuerId{{0, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1}};

struct Account {
  Uuid id;
  std::optional<Uuid> owner;
  AssetCode asset;
  AccountRole role = AccountRole::kMember;
  std::optional<int64_t> lower_limit;
  std::optional<int64_t> upper_limit;
  AccountState state = AccountState::kOpen;
  bool requires_signature = false;
  Metadata metadata;
  Time opened;
  Balances balances;

  bool operator==(const Account&) const = default;
};

}  // namespace joulebook::ledger
