#include "services/ledger/domain/decide_member.h"

#include <string_view>
#include <utility>

#include "services/ledger/domain/decide_transfers.h"
#include "services/ledger/domain/errors.h"
#include "services/ledger/domain/limits.h"

namespace joulebook::ledger {
namespace {

constexpr int kEnergyGrant = 25;  // OPERATION_TYPE_ENERGY_GRANT

bool NeedsOwner(AccountRole role) {
  return role == AccountRole::kMember || role == AccountRole::kProvider;
}

std::optional<int64_t> EffectiveLowerLimit(const CreateAccountCommand& command) {
  if (command.lower_limit.has_value() || IsSourceOfValue(command.role)) {
    return command.lower_limit;
  }
  return 0;
}

std::string_view FirstDifference(const Account& account, const CreateAccountCommand& command) {
  const std::pair<bool, std::string_view> comparisons[] = {
      {account.owner == command.owner, "owner_member_id"},
      {account.asset == command.asset, "asset_code"},
      {account.role == command.role, "role"},
      {account.lower_limit == EffectiveLowerLimit(command), "lower_limit_minor"},
      {account.upper_limit == command.upper_limit, "upper_limit_minor"},
      {account.requires_signature == command.requires_signature, "requires_signature"},
      {account.metadata == command.metadata, "metadata"},
  };
  for (const auto& [same, field] : comparisons) {
    if (!same) return field;
  }
  return "";
}

absl::Status CheckNewAccount(const CreateAccountCommand& command, const BookView& view) {
  if (!view.assets.contains(command.asset)) return AssetNotFound(command.asset.view());
  if (!command.owner.has_value()) {
    if (NeedsOwner(command.role)) return FieldInvalid("owner_member_id", "is needed for this role");
  } else {
    const auto owner = view.members.find(*command.owner);
    if (owner == view.members.end()) return NotFound("member", *command.owner);
    if (command.requires_signature && owner->second.public_key.empty()) {
      return OwnerHasNoKey(*command.owner);
    }
  }
  if (command.requires_signature && !command.owner.has_value()) {
    return FieldInvalid("requires_signature", "needs an owner");
  }
  const auto lower = EffectiveLowerLimit(command);
  if (lower.has_value() && command.upper_limit.has_value() && *command.upper_limit < *lower) {
    return FieldInvalid("upper_limit_minor", "must not be below the lower limit");
  }
  return absl::OkStatus();
}

TransferItem TrialGrant(const Uuid& account, const Uuid& grant_id) {
  TransferItem grant;
  grant.request.id = grant_id;
  grant.request.debit = kJouleIssuerId;
  grant.request.credit = account;
  grant.request.asset = AssetCode("J");
  grant.request.amount = kTrialGrantMicrojoules;
  grant.request.operation = kEnergyGrant;
  grant.request.reference = "trial";
  return grant;
}

// Grants the trial to a new account; when the book refuses it, nothing is left of the grant.
absl::Status GrantTrial(const Uuid& account, const Uuid& grant_id, BookView& view,
                        Changes& changes) {
  const TransferItem grant = TrialGrant(account, grant_id);
  const auto refuse_signatures = [](std::string_view, std::string_view, std::string_view) {
    return false;
  };
  const auto outcomes = DecideTransfers({&grant, 1}, refuse_signatures, view, changes);
  if (outcomes[0].code == ResultCode::kOk) return absl::OkStatus();
  changes.transfers.pop_back();
  view.transfers.erase(grant_id);
  return TrialGrantRefused(static_cast<int>(outcomes[0].code));
}

}  // namespace

absl::StatusOr<Registered<Member>> DecideRegisterMember(const RegisterMemberCommand& command,
                                                        const Uuid& grant_id, BookView& view,
                                                        Changes& changes) {
  const auto known = view.members.find(command.id);
  if (known != view.members.end()) {
    const Member& member = known->second;
    if (member.public_key != command.public_key) return DifferentContent(command.id, "public_key");
    if (member.display_name != command.display_name) {
      return DifferentContent(command.id, "display_name");
    }
    return Registered<Member>{member, false};
  }
  if (view.accounts.contains(command.id)) return DifferentContent(command.id, "account");

  const int64_t position_before = view.last_position;
  const Time recorded_before = view.last_recorded;
  Member member;
  member.id = command.id;
  member.public_key = command.public_key;
  member.display_name = command.display_name;
  member.trial_transfer = grant_id;
  member.number = view.member_count + 1;
  member.registered = view.NextRecorded();
  BookRecord registration = view.NextRecord(member);

  Account account;
  account.id = command.id;
  account.owner = command.id;
  account.asset = AssetCode("J");
  account.lower_limit = 0;
  account.opened = view.NextRecorded();
  BookRecord opening = view.NextRecord(account);

  view.accounts[account.id] = account;
  const absl::Status granted = GrantTrial(account.id, grant_id, view, changes);
  if (!granted.ok()) {
    view.accounts.erase(account.id);
    view.last_position = position_before;
    view.last_recorded = recorded_before;
    return granted;
  }
  view.members[member.id] = member;
  ++view.member_count;
  changes.new_members.insert(member.id);
  changes.new_accounts.insert(account.id);
  changes.records.push_back(std::move(registration));
  changes.records.push_back(std::move(opening));
  return Registered<Member>{member, true};
}

absl::StatusOr<Registered<Account>> DecideCreateAccount(const CreateAccountCommand& command,
                                                        BookView& view, Changes& changes) {
  const auto known = view.accounts.find(command.id);
  if (known != view.accounts.end()) {
    const std::string_view field = FirstDifference(known->second, command);
    if (!field.empty()) return DifferentContent(command.id, field);
    return Registered<Account>{known->second, false};
  }
  JB_RETURN_IF_ERROR(CheckNewAccount(command, view));
  Account account;
  account.id = command.id;
  account.owner = command.owner;
  account.asset = command.asset;
  account.role = command.role;
  account.lower_limit = EffectiveLowerLimit(command);
  account.upper_limit = command.upper_limit;
  account.requires_signature = command.requires_signature;
  account.metadata = command.metadata;
  account.opened = view.NextRecorded();
  view.accounts[account.id] = account;
  changes.new_accounts.insert(account.id);
  changes.records.push_back(view.NextRecord(account));
  return Registered<Account>{account, true};
}

absl::StatusOr<Account> DecideAccountState(const Uuid& id, AccountState state, BookView& view,
                                           Changes& changes) {
  const auto it = view.accounts.find(id);
  if (it == view.accounts.end()) return NotFound("account", id);
  Account& account = it->second;
  if (account.state == state) return account;
  if (account.state == AccountState::kClosed) return AccountClosed(id);
  const Balances& b = account.balances;
  if (state == AccountState::kClosed && (b.posted != 0 || b.reserved != 0 || b.pending != 0)) {
    return AccountNotEmpty(id);
  }
  account.state = state;
  changes.changed_states.insert(id);
  view.NextRecorded();
  changes.records.push_back(view.NextRecord(AccountStateChange{id, state}));
  view.states_position = view.last_position;
  return account;
}

}  // namespace joulebook::ledger
