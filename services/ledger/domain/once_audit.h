// The once keys derived anew from the committed transfers.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "services/ledger/domain/difference.h"
#include "services/ledger/domain/once_key.h"

namespace joulebook::ledger {

class OnceAudit {
 public:
  // The next committed transfer, in the order of positions. A difference is what is wrong with it.
  Difference Add(const TransferRecord& record);
  // Whether what is stored beside the transfers agrees with them. Call it for every key that is
  // stored, then CheckComplete.
  Difference CheckStored(const OnceKeyHolder& stored);
  Difference CheckComplete() const;

 private:
  struct DerivedHold {
    OnceKey key;
    bool is_untouched = true;
  };
  struct DerivedKey {
    Uuid transfer;
    bool is_done = false;
    bool is_stored = false;
  };

  absl::flat_hash_map<Uuid, DerivedHold> holds_;  // those with a key
  absl::flat_hash_map<OnceKey, DerivedKey> keys_;
};

}  // namespace joulebook::ledger
