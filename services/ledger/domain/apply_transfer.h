// One transfer against the book: the rules in their documented order, then the effect.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "services/ledger/domain/balances.h"
#include "services/ledger/domain/decide_transfers.h"

namespace joulebook::ledger {

// Applies transfers to a view and can take them back as long as they are not kept.
class TransferApplier {
 public:
  // All must outlive the applier.
  TransferApplier(const SignatureVerifier& verify, BookView& view, Changes& changes)
      : verify_(verify), view_(view), changes_(changes) {}

  // Checks record.request and, if all rules hold, applies it (`quote` is what its quote says, if it
  // has one): fills in the record (less its
  // position) and changes balances and holds in the view. Else the first code of section 5 that
  // applies, and nothing is changed but the book's clock.
  ResultCode Apply(TransferRecord& record, const Quote* quote);

  // Releases the open hold record.request.target because its time is up. A release only ever lowers
  // amounts that the hold raised, so it fails, with ABORTED, only on a view that contradicts
  // itself.
  absl::Status Expire(TransferRecord& record);

  // Takes back everything applied since the last Keep.
  void Undo();
  // Makes what was applied final and notes it in the changes.
  void Keep();

 private:
  ResultCode CheckOnceKey(const TransferRequest& request) const;
  ResultCode ResolveTarget(TransferRecord& record);
  ResultCode ResolveHold(TransferRecord& record);
  ResultCode ResolveReversed(TransferRecord& record);
  ResultCode CheckParties(const TransferRecord& record) const;
  ResultCode CheckSignature(const TransferRecord& record, const Account& debit) const;
  ResultCode CheckPrice(const TransferRecord& record, const Quote* quote) const;
  void UseQuote(const Uuid& id);
  ResultCode CheckConditions(const TransferRecord& record) const;
  ResultCode CheckAmount(TransferRecord& record) const;
  ResultCode ApplyEffect(TransferRecord& record, const TransferEffect& effect);
  void UpdateOnceKey(const TransferRequest& request);
  void ChangeOnceUse(const OnceKey& key, const std::optional<OnceUse>& use);
  // Nothing: the key is free.
  std::optional<OnceUse> FindOnceUse(const OnceKey& key) const;
  void PutOnceUse(const OnceKey& key, const std::optional<OnceUse>& use);
  void UpdateHold(const TransferRecord& record, const Quote* quote);

  void Forget();
  Hold& HoldToChange(const Uuid& id);
  const Account& account(const Uuid& id) const { return view_.accounts.at(id); }

  const SignatureVerifier& verify_;
  BookView& view_;
  Changes& changes_;
  std::vector<std::pair<Uuid, Balances>> old_balances_;
  std::vector<std::pair<Uuid, std::optional<Hold>>> old_holds_;
  std::vector<std::pair<Uuid, int64_t>> old_reversed_;
  std::vector<std::pair<Uuid, int64_t>> old_quote_uses_;
  std::vector<std::pair<OnceKey, std::optional<OnceUse>>> old_once_uses_;
};

}  // namespace joulebook::ledger
