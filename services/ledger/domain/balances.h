// How a transfer changes the balances of its two accounts.
#pragma once

#include <optional>

#include "common/money/int128.h"
#include "services/ledger/domain/transfer.h"

namespace joulebook::ledger {

// Changes to one account's balances, minor units.
struct BalanceChange {
  int64_t posted = 0;
  int64_t reserved = 0;
  int64_t pending = 0;
  int64_t granted = 0;
  int64_t earned = 0;
  int64_t spent = 0;
};

struct TransferEffect {
  BalanceChange debit;
  BalanceChange credit;
};

// The changes that a transfer of this kind makes. `moved` is what is posted, held or released;
// `released` is what a CHARGE sets free beyond what it posts. `from_issuer` says whether the money
// comes (for REVERSE: came) from an account of role ISSUER, and so counts as granted.
TransferEffect EffectOf(TransferKind kind, int64_t moved, int64_t released, bool from_issuer);

// `before` with the change applied and the version counted up; nothing if a balance, total or
// available amount would leave 64 bits.
std::optional<Balances> Apply(const Balances& before, const BalanceChange& change);

// Balances at an instant, derived from many transfers. Sums may leave 64 bits on the way.
class BalancesSum {
 public:
  explicit BalancesSum(const Balances& start);
  // The change, `times` over.
  void Add(const BalanceChange& change, Int128 times);
  // Nothing if a balance, total or available amount does not fit 64 bits.
  std::optional<Balances> Result() const;

 private:
  Int128 posted_, granted_, earned_, spent_;
  Balances start_;
};

// How much more may leave by the lower limit, or arrive by the upper one; at least 0, and 2^63-1
// where no limit stands.
int64_t DebitRoom(const Account& account);
int64_t CreditRoom(const Account& account);

}  // namespace joulebook::ledger
