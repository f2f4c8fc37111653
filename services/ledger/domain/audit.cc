#include "services/ledger/domain/audit.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "services/ledger/domain/balances.h"

namespace joulebook::ledger {
namespace {

__extension__ typedef __int128 Int128;

template <typename... Parts>
std::string At(const TransferRecord& record, const Parts&... parts) {
  return absl::StrCat("position ", record.position, ", transfer ", record.request.id.ToString(),
                      ": ", parts...);
}

// The first amount that differs.
Difference CompareBalances(const Balances& expected, const Balances& found) {
  const std::pair<const char*, int64_t Balances::*> fields[] = {
      {"posted", &Balances::posted},   {"reserved", &Balances::reserved},
      {"pending", &Balances::pending}, {"granted", &Balances::granted},
      {"earned", &Balances::earned},   {"spent", &Balances::spent},
      {"version", &Balances::version}};
  for (const auto& [name, field] : fields) {
    if (expected.*field != found.*field) {
      return absl::StrCat(name, " should be ", expected.*field, " and is ", found.*field);
    }
  }
  return std::nullopt;
}

}  // namespace

Difference BookAudit::Add(const TransferRecord& record) {
  int64_t released = 0;
  Difference difference = CheckPlace(record);
  if (!difference.has_value()) difference = CheckHoldOf(record, released);
  if (!difference.has_value()) difference = CheckBalances(record, released);
  if (!difference.has_value()) {
    difference = once_.Add(record);
    if (difference.has_value()) difference = At(record, *difference);
  }
  return difference;
}

Difference BookAudit::CheckPlace(const TransferRecord& record) {
  if (record.position != last_position_ + 1) {
    return At(record, "position ", last_position_ + 1, " should be next");
  }
  if (record.recorded <= last_recorded_) return At(record, "recorded before the one before it");
  if (record.moved <= 0) return At(record, "moves ", record.moved);
  if (record.debit == record.credit) return At(record, "debits and credits the same account");
  last_position_ = record.position;
  last_recorded_ = record.recorded;
  return std::nullopt;
}

Difference BookAudit::CheckHoldOf(const TransferRecord& record, int64_t& released) {
  const TransferKind kind = record.request.kind;
  if (kind == TransferKind::kPost || kind == TransferKind::kReverse) return std::nullopt;
  if (kind == TransferKind::kReserve) {
    holds_[record.request.id] = {record.debit, record.credit, record.moved};
    return std::nullopt;
  }
  const auto it =
      record.request.target.has_value() ? holds_.find(*record.request.target) : holds_.end();
  if (it == holds_.end()) return At(record, "its hold was never reserved");
  DerivedHold& hold = it->second;
  if (hold.state != HoldState::kOpen) return At(record, "its hold was closed before");
  if (hold.debit != record.debit || hold.credit != record.credit) {
    return At(record, "its accounts are not those of its hold");
  }
  return CloseHold(record, hold, released);
}

Difference BookAudit::CloseHold(const TransferRecord& record, DerivedHold& hold,
                                int64_t& released) {
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

Difference BookAudit::CheckBalances(const TransferRecord& record, int64_t released) {
  const bool is_reversal = record.request.kind == TransferKind::kReverse;
  accounts_.try_emplace(record.debit);
  accounts_.try_emplace(record.credit);
  // Whether money came from an issuer shows in what it counts as; each account is one or is not.
  std::optional<bool>& is_issuer = accounts_[is_reversal ? record.credit : record.debit].is_issuer;
  if (!is_issuer.has_value() && EffectOf(record.request.kind, 1, 0, true).debit.posted != 0) {
    const Uuid& receiver = is_reversal ? record.debit : record.credit;
    const Balances& after = is_reversal ? record.debit_after : record.credit_after;
    is_issuer = after.granted != accounts_[receiver].balances.granted;
  }
  const bool from_issuer =
      accounts_[is_reversal ? record.credit : record.debit].is_issuer.value_or(false);
  const TransferEffect effect = EffectOf(record.request.kind, record.moved, released, from_issuer);
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
    if (const Difference wrong = CompareBalances(*expected, found); wrong.has_value()) {
      return At(record, side, " account ", id.ToString(), ": ", *wrong);
    }
    account.balances = *expected;
  }
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

Difference BookAudit::CheckAccount(const Account& account) {
  const auto it = accounts_.find(account.id);
  const std::string name = absl::StrCat("account ", account.id.ToString(), ": ");
  const Balances none;
  const Balances& expected = it == accounts_.end() ? none : it->second.balances;
  if (const Difference wrong = CompareBalances(expected, account.balances); wrong.has_value()) {
    return absl::StrCat(name, *wrong);
  }
  const Int128 available = Int128{expected.posted} - expected.reserved;
  if (account.lower_limit.has_value() && available < *account.lower_limit) {
    return absl::StrCat(name, "its available amount is below its lower limit");
  }
  const Int128 promised = Int128{expected.posted} + expected.pending;
  if (account.upper_limit.has_value() && promised > *account.upper_limit) {
    return absl::StrCat(name, "its amount is above its upper limit");
  }
  if (it == accounts_.end()) return std::nullopt;
  it->second.is_stored = true;
  if (it->second.asset != account.asset) {
    return absl::StrCat(name, "its transfers are of ", it->second.asset.ToString(),
                        " and it is of ", account.asset.ToString());
  }
  const bool is_issuer = account.role == AccountRole::kIssuer;
  if (it->second.is_issuer.value_or(is_issuer) != is_issuer) {
    return absl::StrCat(name, "its transfers are those of another role");
  }
  return std::nullopt;
}

Difference BookAudit::CheckHold(const Hold& hold) {
  const std::string name = absl::StrCat("hold ", hold.id.ToString(), ": ");
  const auto it = holds_.find(hold.id);
  if (it == holds_.end()) return absl::StrCat(name, "no transfer reserved it");
  DerivedHold& derived = it->second;
  derived.is_stored = true;
  if (derived.debit != hold.debit || derived.credit != hold.credit) {
    return absl::StrCat(name, "its accounts are not those of its transfer");
  }
  if (derived.remaining != hold.remaining) {
    return absl::StrCat(name, "remaining should be ", derived.remaining, " and is ",
                        hold.remaining);
  }
  if (derived.state != hold.state) {
    return absl::StrCat(name, "its state should be ", static_cast<int>(derived.state), " and is ",
                        static_cast<int>(hold.state));
  }
  return once_.CheckHold(hold);
}

Difference BookAudit::CheckComplete() const {
  for (const auto& [id, account] : accounts_) {
    if (!account.is_stored) return absl::StrCat("account ", id.ToString(), " is missing");
  }
  for (const auto& [id, hold] : holds_) {
    if (!hold.is_stored) return absl::StrCat("hold ", id.ToString(), " is missing");
  }
  return once_.CheckComplete();
}

}  // namespace joulebook::ledger
