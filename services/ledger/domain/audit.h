// The book derived anew from its committed transfers: what every balance, hold and total must be if
// the transfers are true, and the first place where the record says something else.
#pragma once

#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "services/ledger/domain/difference.h"
#include "services/ledger/domain/once_audit.h"
#include "services/ledger/domain/transfer.h"

namespace joulebook::ledger {

class BookAudit {
 public:
  // The next committed transfer, in the order of positions from 1. After a difference the audit is
  // over.
  Difference Add(const TransferRecord& record);
  // After the last one: whether each asset sums to zero.
  Difference CheckSums() const;
  // Whether what is stored beside the transfers agrees with them. Call it for every account and
  // hold and once key that is stored, then CheckComplete.
  Difference CheckAccount(const Account& account);
  Difference CheckHold(const Hold& hold);
  Difference CheckOnceKey(const OnceKeyHolder& stored) { return once_.CheckStored(stored); }
  Difference CheckComplete() const;

  int64_t transfers() const { return last_position_; }

 private:
  struct DerivedAccount {
    AssetCode asset;
    Balances balances;
    std::optional<bool> is_issuer;  // known once it has given
    bool is_stored = false;
  };
  struct DerivedHold {
    Uuid debit;
    Uuid credit;
    int64_t remaining = 0;
    HoldState state = HoldState::kOpen;
    bool is_stored = false;
  };

  Difference CheckPlace(const TransferRecord& record);
  Difference CheckHoldOf(const TransferRecord& record, int64_t& released);
  Difference CheckBalances(const TransferRecord& record, int64_t released);
  Difference CloseHold(const TransferRecord& record, DerivedHold& hold, int64_t& released);

  int64_t last_position_ = 0;
  Time last_recorded_{Duration::min()};
  absl::flat_hash_map<Uuid, DerivedAccount> accounts_;
  absl::flat_hash_map<Uuid, DerivedHold> holds_;
  OnceAudit once_;
};

}  // namespace joulebook::ledger
