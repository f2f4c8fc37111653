#include "services/ledger/domain/balances.h"

#include <algorithm>
#include <limits>

namespace joulebook::ledger {
namespace {

constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

bool AddTo(int64_t& value, int64_t change) {
  return !__builtin_add_overflow(value, change, &value);
}

bool Fits(Int128 value) {
  return value >= std::numeric_limits<int64_t>::min() && value <= kUnlimited;
}

// Whether what is available, and what will be posted with the pending amount, fits too.
bool SumsFit(const Balances& balances) {
  return Fits(Int128{balances.posted} - balances.reserved) &&
         Fits(Int128{balances.posted} + balances.pending);
}

int64_t Room(Int128 room) { return static_cast<int64_t>(std::clamp<Int128>(room, 0, kUnlimited)); }

// An amount received counts by its origin.
BalanceChange Received(int64_t moved, bool from_issuer) {
  return {.posted = moved, .granted = from_issuer ? moved : 0, .earned = from_issuer ? 0 : moved};
}

}  // namespace

TransferEffect EffectOf(TransferKind kind, int64_t moved, int64_t released, bool from_issuer) {
  TransferEffect effect;
  switch (kind) {
    case TransferKind::kPost:
      effect.debit = {.posted = -moved, .spent = moved};
      effect.credit = Received(moved, from_issuer);
      break;
    case TransferKind::kReserve:
      effect.debit = {.reserved = moved};
      effect.credit = {.pending = moved};
      break;
    case TransferKind::kCharge:
      effect.debit = {.posted = -moved, .reserved = -moved - released, .spent = moved};
      effect.credit = Received(moved, from_issuer);
      effect.credit.pending = -moved - released;
      break;
    case TransferKind::kRelease:
    case TransferKind::kExpire:
      effect.debit = {.reserved = -moved};
      effect.credit = {.pending = -moved};
      break;
    case TransferKind::kReverse:  // undoes the totals too: the payee gives, the payer receives
      effect.debit = Received(-moved, from_issuer);
      effect.credit = {.posted = moved, .spent = -moved};
      break;
  }
  return effect;
}

std::optional<Balances> Apply(const Balances& before, const BalanceChange& change) {
  Balances after = before;
  ++after.version;
  const bool fits = AddTo(after.posted, change.posted) && AddTo(after.reserved, change.reserved) &&
                    AddTo(after.pending, change.pending) && AddTo(after.granted, change.granted) &&
                    AddTo(after.earned, change.earned) && AddTo(after.spent, change.spent) &&
                    SumsFit(after);
  return fits ? std::optional(after) : std::nullopt;
}

BalancesSum::BalancesSum(const Balances& start)
    : posted_(start.posted),
      granted_(start.granted),
      earned_(start.earned),
      spent_(start.spent),
      start_(start) {}

void BalancesSum::Add(const BalanceChange& change, Int128 times) {
  posted_ += change.posted * times;
  granted_ += change.granted * times;
  earned_ += change.earned * times;
  spent_ += change.spent * times;
}

std::optional<Balances> BalancesSum::Result() const {
  if (!Fits(posted_) || !Fits(granted_) || !Fits(earned_) || !Fits(spent_)) return std::nullopt;
  Balances result = start_;
  result.posted = static_cast<int64_t>(posted_);
  result.granted = static_cast<int64_t>(granted_);
  result.earned = static_cast<int64_t>(earned_);
  result.spent = static_cast<int64_t>(spent_);
  return SumsFit(result) ? std::optional(result) : std::nullopt;
}

int64_t DebitRoom(const Account& account) {
  if (!account.lower_limit.has_value()) return kUnlimited;
  const Balances& b = account.balances;
  return Room(Int128{b.posted} - b.reserved - *account.lower_limit);
}

int64_t CreditRoom(const Account& account) {
  if (!account.upper_limit.has_value()) return kUnlimited;
  const Balances& b = account.balances;
  return Room(Int128{*account.upper_limit} - b.posted - b.pending);
}

}  // namespace joulebook::ledger
