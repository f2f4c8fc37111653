#include "services/ledger/domain/apply_transfer.h"

#include <algorithm>

#include "services/ledger/domain/canonical.h"
#include "services/ledger/domain/quote_rules.h"

namespace joulebook::ledger {
namespace {

bool Differs(const std::optional<Uuid>& given, const Uuid& implied) {
  return given.has_value() && *given != implied;
}

// The request must not contradict what its target implies.
ResultCode CompareWithTarget(const TransferRecord& record) {
  const TransferRequest& request = record.request;
  if (Differs(request.debit, record.debit)) return ResultCode::kTargetHasDifferentDebitAccount;
  if (Differs(request.credit, record.credit)) return ResultCode::kTargetHasDifferentCreditAccount;
  if (request.operation != 0 && request.operation != record.operation) {
    return ResultCode::kTargetHasDifferentOperationType;
  }
  return ResultCode::kOk;
}

bool NeedsSignature(TransferKind kind) {
  return kind == TransferKind::kPost || kind == TransferKind::kReserve ||
         kind == TransferKind::kReverse;
}

}  // namespace

ResultCode TransferApplier::Apply(TransferRecord& record, const Quote* quote) {
  const Time time_before = view_.last_recorded;
  record.recorded = view_.NextRecorded();
  ResultCode code = CheckOnceKey(record.request);
  if (code == ResultCode::kOk) code = ResolveTarget(record);
  if (code == ResultCode::kOk) code = CheckParties(record);
  if (code == ResultCode::kOk) code = CheckPrice(record, quote);
  if (code == ResultCode::kOk) code = CheckConditions(record);
  if (code == ResultCode::kOk) code = CheckAmount(record);
  if (code != ResultCode::kOk) {
    view_.last_recorded = time_before;
    return code;
  }
  if (quote != nullptr) {
    record.quote_id = quote->id;
    record.tariff_hash = quote->tariff_hash;
  }
  const TransferRequest& request = record.request;
  const bool is_last_charge = request.kind == TransferKind::kCharge && !request.keep_rest;
  const int64_t released =
      is_last_charge ? view_.holds.at(*request.target).remaining - record.moved : 0;
  const Uuid& origin = request.kind == TransferKind::kReverse ? record.credit : record.debit;
  const bool from_issuer = account(origin).role == AccountRole::kIssuer;
  code = ApplyEffect(record, EffectOf(request.kind, record.moved, released, from_issuer));
  if (code != ResultCode::kOk) return code;
  UpdateOnceKey(request);
  UpdateHold(record, quote);
  if (quote != nullptr) UseQuote(quote->id);
  return code;
}

absl::Status TransferApplier::Expire(TransferRecord& record) {
  const Hold& hold = view_.holds.at(*record.request.target);
  if (!view_.accounts.contains(hold.debit) || !view_.accounts.contains(hold.credit)) {
    return ViewContradictsItself();
  }
  record.request.kind = TransferKind::kExpire;
  record.recorded = view_.NextRecorded();
  record.debit = hold.debit;
  record.credit = hold.credit;
  record.asset = hold.asset;
  record.operation = hold.operation;
  record.quote_id = hold.quote_id;
  record.tariff_hash = hold.tariff_hash;
  record.moved = hold.remaining;
  const TransferEffect effect = EffectOf(TransferKind::kExpire, record.moved, 0, false);
  if (ApplyEffect(record, effect) != ResultCode::kOk) return ViewContradictsItself();
  UpdateOnceKey(record.request);
  UpdateHold(record, nullptr);
  Keep();
  return absl::OkStatus();
}

ResultCode TransferApplier::CheckOnceKey(const TransferRequest& request) const {
  if (!request.once_key.has_value()) return ResultCode::kOk;
  const auto use = FindOnceUse(*request.once_key);
  if (!use.has_value()) return ResultCode::kOk;
  const ResultCode code = CompareWithUse(*use, request);
  // The effect of an earlier item of the chain is not done unless the whole chain is, and with this
  // item the chain is not.
  const bool is_of_chain =
      std::any_of(old_once_uses_.begin(), old_once_uses_.end(),
                  [&](const auto& change) { return change.first == *request.once_key; });
  return code == ResultCode::kOnceDone && is_of_chain ? ResultCode::kOnceReserved : code;
}

ResultCode TransferApplier::ResolveTarget(TransferRecord& record) {
  const TransferRequest& request = record.request;
  ResultCode code = ResultCode::kOk;
  if (request.kind == TransferKind::kReverse) {
    code = ResolveReversed(record);
  } else if (request.target.has_value()) {
    code = ResolveHold(record);
  } else {
    record.debit = *request.debit;
    record.credit = *request.credit;
    record.asset = request.asset;
    record.operation = request.operation;
  }
  return code == ResultCode::kOk ? CompareWithTarget(record) : code;
}

ResultCode TransferApplier::ResolveHold(TransferRecord& record) {
  const auto it = view_.holds.find(*record.request.target);
  if (it == view_.holds.end()) return ResultCode::kHoldNotFound;
  const Hold& hold = it->second;
  if (hold.state == HoldState::kCharged) return ResultCode::kHoldAlreadyCharged;
  if (hold.state == HoldState::kReleased) return ResultCode::kHoldAlreadyReleased;
  if (hold.state == HoldState::kExpired || record.recorded >= hold.expires) {
    return ResultCode::kHoldExpired;
  }
  record.debit = hold.debit;
  record.credit = hold.credit;
  record.asset = hold.asset;
  record.operation = hold.operation;
  record.quote_id = hold.quote_id;
  record.tariff_hash = hold.tariff_hash;
  return ResultCode::kOk;
}

ResultCode TransferApplier::ResolveReversed(TransferRecord& record) {
  const auto it = view_.transfers.find(*record.request.target);
  if (it == view_.transfers.end() || !it->second.is_committed()) {
    // A target inside the same chain is not committed yet and cannot be reversed by it.
    return ResultCode::kTransferNotFound;
  }
  const TransferRecord& reversed = it->second;
  if (reversed.request.kind != TransferKind::kPost &&
      reversed.request.kind != TransferKind::kCharge) {
    return ResultCode::kTransferNotReversible;
  }
  record.debit = reversed.credit;
  record.credit = reversed.debit;
  record.asset = reversed.asset;
  record.operation = reversed.operation;
  return ResultCode::kOk;
}

ResultCode TransferApplier::CheckParties(const TransferRecord& record) const {
  const auto debit_it = view_.accounts.find(record.debit);
  if (debit_it == view_.accounts.end()) return ResultCode::kDebitAccountNotFound;
  const auto credit_it = view_.accounts.find(record.credit);
  if (credit_it == view_.accounts.end()) return ResultCode::kCreditAccountNotFound;
  const Account& debit = debit_it->second;
  const Account& credit = credit_it->second;
  if (debit.asset != credit.asset) return ResultCode::kAccountsHaveDifferentAssets;
  if (!record.request.asset.empty() && record.request.asset != debit.asset) {
    return ResultCode::kAssetDiffersFromAccounts;
  }
  if (debit.state == AccountState::kClosed) return ResultCode::kDebitAccountClosed;
  if (credit.state == AccountState::kClosed) return ResultCode::kCreditAccountClosed;
  if (record.request.kind != TransferKind::kRelease) {
    if (debit.state == AccountState::kFrozen) return ResultCode::kDebitAccountFrozen;
    if (credit.state == AccountState::kFrozen) return ResultCode::kCreditAccountFrozen;
  }
  return CheckSignature(record, debit);
}

ResultCode TransferApplier::CheckSignature(const TransferRecord& record,
                                           const Account& debit) const {
  if (!debit.requires_signature || !NeedsSignature(record.request.kind)) return ResultCode::kOk;
  if (record.request.signature.empty()) return ResultCode::kSignatureRequired;
  const auto owner =
      debit.owner.has_value() ? view_.members.find(*debit.owner) : view_.members.end();
  const bool is_valid =
      owner != view_.members.end() &&
      verify_(owner->second.public_key, CanonicalBytes(record.request), record.request.signature);
  return is_valid ? ResultCode::kOk : ResultCode::kSignatureInvalid;
}

ResultCode TransferApplier::CheckPrice(const TransferRecord& record, const Quote* quote) const {
  if (quote != nullptr) return CheckQuote(view_, record, *quote);
  if (record.request.kind != TransferKind::kCharge) return ResultCode::kOk;
  return CheckUnsettledCharge(view_.holds.at(*record.request.target), record.request);
}

void TransferApplier::UseQuote(const Uuid& id) {
  int64_t& uses = view_.quote_uses[id];
  old_quote_uses_.emplace_back(id, uses);
  ++uses;
}

ResultCode TransferApplier::CheckConditions(const TransferRecord& record) const {
  const Conditions& conditions = record.request.conditions;
  const Balances& debit = account(record.debit).balances;
  const Balances& credit = account(record.credit).balances;
  if (conditions.debit_available_at_least.has_value() &&
      debit.available() < *conditions.debit_available_at_least) {
    return ResultCode::kConditionDebitAvailableNotMet;
  }
  if (conditions.debit_version.has_value() && debit.version != *conditions.debit_version) {
    return ResultCode::kConditionDebitVersionNotMet;
  }
  if (conditions.credit_version.has_value() && credit.version != *conditions.credit_version) {
    return ResultCode::kConditionCreditVersionNotMet;
  }
  return ResultCode::kOk;
}

ResultCode TransferApplier::CheckAmount(TransferRecord& record) const {
  const TransferRequest& request = record.request;
  record.moved = request.amount;
  if (request.kind == TransferKind::kRelease || request.kind == TransferKind::kCharge) {
    const int64_t remaining = view_.holds.at(*request.target).remaining;
    if (request.kind == TransferKind::kRelease) record.moved = remaining;
    return record.moved <= remaining ? ResultCode::kOk : ResultCode::kExceedsHold;
  }
  if (request.kind == TransferKind::kReverse) {
    const auto reversed = view_.reversed.find(*request.target);
    const int64_t before = reversed == view_.reversed.end() ? 0 : reversed->second;
    if (request.amount > view_.transfers.at(*request.target).moved - before) {
      return ResultCode::kExceedsReversible;
    }
  }
  const int64_t debit_room = DebitRoom(account(record.debit));
  const int64_t credit_room = CreditRoom(account(record.credit));
  const int64_t least = request.up_to ? 1 : request.amount;
  if (debit_room < least) return ResultCode::kExceedsAvailable;
  if (credit_room < least) return ResultCode::kExceedsUpperLimit;
  record.moved = std::min({request.amount, debit_room, credit_room});
  return ResultCode::kOk;
}

ResultCode TransferApplier::ApplyEffect(TransferRecord& record, const TransferEffect& effect) {
  Account& debit = view_.accounts.at(record.debit);
  Account& credit = view_.accounts.at(record.credit);
  const auto debit_after = joulebook::ledger::Apply(debit.balances, effect.debit);
  const auto credit_after = joulebook::ledger::Apply(credit.balances, effect.credit);
  if (!debit_after.has_value() || !credit_after.has_value()) return ResultCode::kBalanceOverflows;
  old_balances_.emplace_back(debit.id, debit.balances);
  old_balances_.emplace_back(credit.id, credit.balances);
  record.debit_after = debit.balances = *debit_after;
  record.credit_after = credit.balances = *credit_after;
  return ResultCode::kOk;
}

// A POST makes the effect, a RESERVE takes the key; the hold's first charge makes the effect, its
// release or expiry before that frees the key.
void TransferApplier::UpdateOnceKey(const TransferRequest& request) {
  if (request.once_key.has_value()) ChangeOnceUse(*request.once_key, UseOfOnceKey(request));
  if (!request.target.has_value() || request.kind == TransferKind::kReverse) return;
  const Hold& hold = view_.holds.at(*request.target);
  if (!hold.once_key.has_value() || !hold.is_untouched()) return;
  const OnceKey key = *hold.once_key;
  std::optional<OnceUse> use;
  if (request.kind == TransferKind::kCharge) {
    use = FindOnceUse(key).value_or(OnceUse());
    use->holder = {.id = key, .transfer = request.id, .is_done = true};
  }
  ChangeOnceUse(key, use);
}

void TransferApplier::ChangeOnceUse(const OnceKey& key, const std::optional<OnceUse>& use) {
  old_once_uses_.emplace_back(key, FindOnceUse(key));
  PutOnceUse(key, use);
}

std::optional<OnceUse> TransferApplier::FindOnceUse(const OnceKey& key) const {
  const auto use = view_.once_keys.find(key);
  return use == view_.once_keys.end() ? std::nullopt : std::optional(use->second);
}

void TransferApplier::PutOnceUse(const OnceKey& key, const std::optional<OnceUse>& use) {
  if (use.has_value()) {
    view_.once_keys[key] = *use;
  } else {
    view_.once_keys.erase(key);
  }
}

void TransferApplier::UpdateHold(const TransferRecord& record, const Quote* quote) {
  const TransferRequest& request = record.request;
  switch (request.kind) {
    case TransferKind::kPost:
      break;
    case TransferKind::kReverse: {
      int64_t& reversed = view_.reversed[*request.target];
      old_reversed_.emplace_back(*request.target, reversed);
      reversed += record.moved;
      break;
    }
    case TransferKind::kReserve:
      old_holds_.emplace_back(request.id, std::nullopt);
      view_.holds[request.id] = HoldOf(record);
      if (quote != nullptr) view_.holds[request.id].priced = quote->priced;
      break;
    case TransferKind::kCharge: {
      Hold& hold = HoldToChange(*request.target);
      hold.remaining = request.keep_rest ? hold.remaining - record.moved : 0;
      if (hold.remaining == 0) hold.state = HoldState::kCharged;
      break;
    }
    case TransferKind::kRelease:
    case TransferKind::kExpire: {
      Hold& hold = HoldToChange(*request.target);
      hold.remaining = 0;
      hold.state =
          request.kind == TransferKind::kRelease ? HoldState::kReleased : HoldState::kExpired;
      break;
    }
  }
}

Hold& TransferApplier::HoldToChange(const Uuid& id) {
  Hold& hold = view_.holds.at(id);
  old_holds_.emplace_back(id, hold);
  return hold;
}

void TransferApplier::Undo() {
  for (auto it = old_balances_.rbegin(); it != old_balances_.rend(); ++it) {
    view_.accounts.at(it->first).balances = it->second;
  }
  for (auto it = old_holds_.rbegin(); it != old_holds_.rend(); ++it) {
    if (it->second.has_value()) {
      view_.holds[it->first] = *it->second;
    } else {
      view_.holds.erase(it->first);
    }
  }
  for (auto it = old_reversed_.rbegin(); it != old_reversed_.rend(); ++it) {
    view_.reversed[it->first] = it->second;
  }
  for (auto it = old_quote_uses_.rbegin(); it != old_quote_uses_.rend(); ++it) {
    view_.quote_uses[it->first] = it->second;
  }
  for (auto it = old_once_uses_.rbegin(); it != old_once_uses_.rend(); ++it) {
    PutOnceUse(it->first, it->second);
  }
  Forget();
}

void TransferApplier::Keep() {
  for (const auto& [id, hold] : old_holds_) changes_.holds.insert(id);
  for (const auto& [key, use] : old_once_uses_) changes_.once_keys.insert(key);
  Forget();
}

void TransferApplier::Forget() {
  old_balances_.clear();
  old_holds_.clear();
  old_reversed_.clear();
  old_quote_uses_.clear();
  old_once_uses_.clear();
}

}  // namespace joulebook::ledger
