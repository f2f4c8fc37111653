// Effects that are made once: who has a key, and what that means for a transfer that brings it
// again (docs/reference/once-keys.md).
#pragma once

#include "services/ledger/domain/transfer.h"

namespace joulebook::ledger {

// Who has a key. A key that nobody has is free.
struct OnceKeyHolder {
  OnceKey id;
  Uuid transfer;         // the POST or CHARGE that made the effect, or the RESERVE of an open hold
  bool is_done = false;  // the effect has been made; for ever
};

// The same with the content of the POST or RESERVE that brought the key.
struct OnceUse {
  OnceKeyHolder holder;
  Uuid debit;
  Uuid credit;
  AssetCode asset;
  int64_t amount = 0;  // asked for
  int operation = 0;
};

// The use of its key by a POST or RESERVE.
OnceUse UseOfOnceKey(const TransferRequest& request);

// Why a POST or RESERVE with the key of `use` is refused: the first field that differs, else that
// the effect has been made or is held.
ResultCode CompareWithUse(const OnceUse& use, const TransferRequest& request);

// Whether the code is one of those that CompareWithUse gives.
bool IsOnceRefusal(ResultCode code);

}  // namespace joulebook::ledger
