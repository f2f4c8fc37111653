// Registering members and opening, freezing and closing accounts.
#pragma once

#include <map>
#include <string>

#include "common/status/status.h"
#include "services/ledger/domain/book.h"

namespace joulebook::ledger {

struct RegisterMemberCommand {
  Uuid id;
  std::string public_key;
  std::string display_name;
};

template <typename T>
struct Registered {
  T value;
  bool is_new = false;
};

// Registers the member, opens its joule account under the member's id and grants the trial by the
// transfer `grant_id` from the joule issuer; or gives the registered member again. Errors:
// ID_EXISTS_WITH_DIFFERENT_CONTENT (also when an account of that id exists), TRIAL_GRANT_REFUSED.
absl::StatusOr<Registered<Member>> DecideRegisterMember(const RegisterMemberCommand& command,
                                                        const Uuid& grant_id, BookView& view,
                                                        Changes& changes);

struct CreateAccountCommand {
  Uuid id;
  std::optional<Uuid> owner;
  AssetCode asset;
  AccountRole role = AccountRole::kMember;
  std::optional<int64_t> lower_limit;  // absent: the role's default
  std::optional<int64_t> upper_limit;
  bool requires_signature = false;
  Metadata metadata;
};

// Opens the account, or gives the open one again. Errors, in this order:
// ID_EXISTS_WITH_DIFFERENT_CONTENT, ASSET_NOT_FOUND, MEMBER_NOT_FOUND, OWNER_HAS_NO_KEY,
// FIELD_INVALID (owner_member_id, upper_limit_minor).
absl::StatusOr<Registered<Account>> DecideCreateAccount(const CreateAccountCommand& command,
                                                        BookView& view, Changes& changes);

// Changes the state. Errors: ACCOUNT_NOT_FOUND, ACCOUNT_CLOSED, ACCOUNT_NOT_EMPTY.
absl::StatusOr<Account> DecideAccountState(const Uuid& id, AccountState state, BookView& view,
                                           Changes& changes);

}  // namespace joulebook::ledger
