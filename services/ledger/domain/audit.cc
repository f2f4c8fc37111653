#include "services/ledger/domain/audit.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/money/int128.h"
#include "services/ledger/domain/audit_compare.h"
#include "services/ledger/domain/balances.h"
#include "services/ledger/domain/reputation.h"

namespace joulebook::ledger {
namespace {

template <typename... Parts>
std::string At(const TransferRecord& record, const Parts&... parts) {
  return absl::StrCat("position ", record.position, ", transfer ", record.request.id.ToString(),
                      ": ", parts...);
}

template <typename... Parts>
std::string At(const BookRecord& record, const Parts&... parts) {
  return absl::StrCat("position ", record.position, ", record of ", record.subject().ToString(),
                      ": ", parts...);
}

// `difference` with what it is about before it.
Difference Of(const char* what, const Uuid& id, const Difference& difference) {
  if (!difference.has_value()) return std::nullopt;
  return absl::StrCat(what, " ", id.ToString(), ": ", *difference);
}

// The first of the derived values that is not stored.
template <typename Map>
Difference FirstMissing(const char* what, const Map& derived) {
  for (const auto& [id, value] : derived) {
    if (!value.is_stored) return absl::StrCat(what, " ", id.ToString(), " is missing");
  }
  return std::nullopt;
}

}  // namespace

Difference BookAudit::Add(const TransferRecord& record) {
  if (!record.is_committed()) return AddRefusal(record);
  if (record.moved <= 0) return At(record, "moves ", record.moved);
  if (record.debit == record.credit) return At(record, "debits and credits the same account");
  if (!record.quote_id.has_value() && !record.tariff_hash.empty()) {
    return At(record, "has a tariff and no quote");
  }
  int64_t released = 0;
  Difference difference = CheckPosition(record.position);
  if (!difference.has_value()) difference = CheckTime(record.position, record.recorded);
  if (!difference.has_value()) difference = CheckHoldOf(record, released);
  if (!difference.has_value()) difference = CheckBalances(record, released);
  if (!difference.has_value()) {
    difference = once_.Add(record);
    if (difference.has_value()) difference = At(record, *difference);
  }
  return difference;
}

Difference BookAudit::Add(const BookRecord& record) {
  Difference difference = CheckPosition(record.position);
  if (!difference.has_value()) difference = CheckTime(record.position, record.recorded);
  if (difference.has_value()) return difference;
  return std::visit([&](const auto& content) { return AddContent(record, content); },
                    record.content);
}

Difference BookAudit::CheckNext(int64_t position) const {
  if (position == head_.last_position + 1) return std::nullopt;
  return absl::StrCat("position ", head_.last_position + 1, " should be next and ", position,
                      " is");
}

Difference BookAudit::CheckPosition(int64_t position) {
  Difference difference = CheckNext(position);
  if (!difference.has_value()) head_.last_position = position;
  return difference;
}

Difference BookAudit::CheckTime(int64_t position, Time recorded) {
  if (recorded <= head_.last_recorded) {
    return absl::StrCat("position ", position, ": recorded before the one before it");
  }
  head_.last_recorded = recorded;
  return std::nullopt;
}

// A refusal from before refusals had positions stands, with its time, after all that there was
// then.
Difference BookAudit::AddRefusal(const TransferRecord& refusal) {
  Difference difference = CheckPosition(refusal.position);
  if (difference.has_value()) return difference;
  head_.last_recorded = std::max(head_.last_recorded, refusal.recorded);
  TransferRecord expected =
      RefusalOf(refusal.request, refusal.result, refusal.position, refusal.recorded);
  expected.leaf_hash = refusal.leaf_hash;
  if (refusal != expected) return At(refusal, "it was refused and says more than its request");
  return std::nullopt;
}

Difference BookAudit::CheckHoldOf(const TransferRecord& record, int64_t& released) {
  const TransferKind kind = record.request.kind;
  if (kind == TransferKind::kPost || kind == TransferKind::kReverse) return std::nullopt;
  if (kind == TransferKind::kReserve) {
    holds_[record.request.id].hold = HoldOf(record);
    return std::nullopt;
  }
  const auto it =
      record.request.target.has_value() ? holds_.find(*record.request.target) : holds_.end();
  if (it == holds_.end()) return At(record, "its hold was never reserved");
  Hold& hold = it->second.hold;
  if (hold.state != HoldState::kOpen) return At(record, "its hold was closed before");
  if (hold.debit != record.debit || hold.credit != record.credit) {
    return At(record, "its accounts are not those of its hold");
  }
  if ((record.recorded >= hold.expires) != (kind == TransferKind::kExpire)) {
    return At(record, "its hold expires at ", hold.expires.time_since_epoch().count());
  }
  return CloseHold(record, hold, released);
}

Difference BookAudit::CloseHold(const TransferRecord& record, Hold& hold, int64_t& released) {
  const bool is_charge = record.request.kind == TransferKind::kCharge;
  if (is_charge ? record.moved > hold.remaining : record.moved != hold.remaining) {
    return At(record, "moves ", record.moved, " of a hold of ", hold.remaining);
  }
  hold.remaining -= record.moved;
  if (is_charge && !record.request.keep_rest) released = std::exchange(hold.remaining, 0);
  if (hold.remaining == 0) {
    hold.state = is_charge                                       ? HoldState::kCharged
                 : record.request.kind == TransferKind::kRelease ? HoldState::kReleased
                                                                 : HoldState::kExpired;
  }
  return std::nullopt;
}

// Whether money came from an issuer shows in what it counts as; each account is one or is not.
bool BookAudit::IsFromIssuer(const TransferRecord& record) {
  const bool is_reversal = record.request.kind == TransferKind::kReverse;
  const Uuid& giver = is_reversal ? record.credit : record.debit;
  const Uuid& receiver = is_reversal ? record.debit : record.credit;
  std::optional<bool>& is_issuer = accounts_[giver].is_issuer;
  if (!is_issuer.has_value() && EffectOf(record.request.kind, 1, 0, true).debit.posted != 0) {
    const Balances& after = is_reversal ? record.debit_after : record.credit_after;
    is_issuer = after.granted != accounts_[receiver].balances.granted;
  }
  return is_issuer.value_or(false);
}

Difference BookAudit::CheckBalances(const TransferRecord& record, int64_t released) {
  accounts_.try_emplace(record.debit);
  accounts_.try_emplace(record.credit);
  const TransferEffect effect =
      EffectOf(record.request.kind, record.moved, released, IsFromIssuer(record));
  const std::tuple<const char*, const Uuid&, const BalanceChange&, const Balances&> sides[] = {
      {"debit", record.debit, effect.debit, record.debit_after},
      {"credit", record.credit, effect.credit, record.credit_after}};
  for (const auto& [side, id, change, found] : sides) {
    DerivedAccount& account = accounts_[id];
    if (account.asset.empty()) account.asset = record.asset;
    if (account.asset != record.asset) {
      return At(record, side, " account ", id.ToString(), " holds ", account.asset.ToString(),
                " and not ", record.asset.ToString());
    }
    const auto expected = Apply(account.balances, change);
    if (!expected.has_value()) return At(record, side, " account's balances leave 64 bits");
    if (const Difference wrong = Compare(*expected, found); wrong.has_value()) {
      return At(record, side, " account ", id.ToString(), ": ", *wrong);
    }
    account.balances = *expected;
  }
  return std::nullopt;
}

Difference BookAudit::AddContent(const BookRecord& record, const Member& member) {
  if (!members_.try_emplace(member.id, DerivedMember{.member = member}).second) {
    return At(record, "the member was registered before");
  }
  ++head_.member_count;
  if (member.number == head_.member_count) return std::nullopt;
  return At(record, "the member's number should be ", head_.member_count, " and is ",
            member.number);
}

Difference BookAudit::AddContent(const BookRecord& record, const Account& account) {
  if (account.owner.has_value() && !members_.contains(*account.owner)) {
    return At(record, "the account's owner is no member");
  }
  DerivedAccount& derived = accounts_[account.id];
  if (derived.opened.has_value()) return At(record, "the account was opened before");
  // Only what the book held before the log can have moved before it was opened.
  const bool is_adopted = account.opened < record.recorded;
  if (!derived.asset.empty() && !is_adopted) return At(record, "the account was used before");
  const bool is_issuer = account.role == AccountRole::kIssuer;
  if (derived.asset.empty()) derived.asset = account.asset;
  if (derived.asset != account.asset) {
    return At(record, "the account's transfers are of ", derived.asset.ToString());
  }
  if (derived.is_issuer.value_or(is_issuer) != is_issuer) {
    return At(record, "the account's transfers are those of another role");
  }
  derived.is_issuer = is_issuer;
  derived.opened = account;
  return std::nullopt;
}

Difference BookAudit::AddContent(const BookRecord& record, const AccountStateChange& change) {
  const auto it = accounts_.find(change.account);
  if (it == accounts_.end() || !it->second.opened.has_value()) {
    return At(record, "the account was never opened");
  }
  AccountState& state = it->second.opened->state;
  if (state == AccountState::kClosed) return At(record, "the account was closed before");
  if (state == change.state) return At(record, "the account was in this state before");
  state = change.state;
  head_.states_position = record.position;
  return std::nullopt;
}

Difference BookAudit::AddContent(const BookRecord& record, const ReputationChange& change) {
  const auto it = members_.find(change.command.member);
  if (it == members_.end()) return At(record, "the member was never registered");
  Reputation& reputation = it->second.member.reputation;
  reputation = ChangeReputation(reputation, change.command);
  if (const Difference wrong = Compare(reputation, change.after); wrong.has_value()) {
    return At(record, "the reputation's ", *wrong);
  }
  const bool is_new =
      reputation_changes_.try_emplace(change.command.id, DerivedChange{.change = change}).second;
  if (!is_new) return At(record, "the change was recorded before");
  head_.states_position = record.position;
  return std::nullopt;
}

Difference BookAudit::CheckSums() const {
  std::map<std::string, Int128> sums;
  for (const auto& [id, account] : accounts_) {
    sums[account.asset.ToString()] += account.balances.posted;
  }
  for (const auto& [asset, sum] : sums) {
    if (sum != 0) return absl::StrCat("the balances of asset ", asset, " do not sum to zero");
  }
  return std::nullopt;
}

Difference BookAudit::CheckMember(const Member& member) {
  const auto it = members_.find(member.id);
  if (it == members_.end()) return Of("member", member.id, "the log does not know it");
  it->second.is_stored = true;
  return Of("member", member.id, Compare(it->second.member, member));
}

Difference BookAudit::CheckReputationChange(const ReputationChange& change) {
  const Uuid& id = change.command.id;
  const auto it = reputation_changes_.find(id);
  if (it == reputation_changes_.end()) return Of("reputation change", id, "the log has none");
  it->second.is_stored = true;
  return Of("reputation change", id, Compare(it->second.change, change));
}

Difference BookAudit::CheckAccount(const Account& account) {
  const auto it = accounts_.find(account.id);
  if (it == accounts_.end() || !it->second.opened.has_value()) {
    return Of("account", account.id, "the log does not know it");
  }
  DerivedAccount& derived = it->second;
  derived.is_stored = true;
  Difference difference = Compare(*derived.opened, account);
  if (!difference.has_value()) difference = Compare(derived.balances, account.balances);
  if (!difference.has_value()) difference = CheckLimits(account);
  return Of("account", account.id, difference);
}

Difference BookAudit::CheckLimits(const Account& account) {
  const Balances& balances = account.balances;
  const Int128 available = Int128{balances.posted} - balances.reserved;
  if (account.lower_limit.has_value() && available < *account.lower_limit) {
    return "its available amount is below its lower limit";
  }
  const Int128 promised = Int128{balances.posted} + balances.pending;
  if (account.upper_limit.has_value() && promised > *account.upper_limit) {
    return "its amount is above its upper limit";
  }
  return std::nullopt;
}

Difference BookAudit::CheckHold(const Hold& hold) {
  const auto it = holds_.find(hold.id);
  if (it == holds_.end()) return Of("hold", hold.id, "no transfer reserved it");
  it->second.is_stored = true;
  return Of("hold", hold.id, Compare(it->second.hold, hold));
}

Difference BookAudit::CheckComplete() const {
  Difference missing = FirstMissing("account", accounts_);
  if (!missing.has_value()) missing = FirstMissing("hold", holds_);
  if (!missing.has_value()) missing = FirstMissing("member", members_);
  if (!missing.has_value()) missing = FirstMissing("reputation change", reputation_changes_);
  if (!missing.has_value()) missing = once_.CheckComplete();
  return missing;
}

}  // namespace joulebook::ledger
