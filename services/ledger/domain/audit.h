// The book derived anew from its log: what every account, balance, hold, member and reputation must
// be if the log is true, and the first place where the record says something else.
#pragma once

#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "services/ledger/domain/book.h"
#include "services/ledger/domain/difference.h"
#include "services/ledger/domain/once_audit.h"

namespace joulebook::ledger {

class BookAudit {
 public:
  // Whether a record at this position would be the next one.
  Difference CheckNext(int64_t position) const;
  // The next record of the log, in the order of positions from 1. After a difference the audit is
  // over.
  Difference Add(const TransferRecord& transfer);
  Difference Add(const BookRecord& record);
  // After the last one: whether each asset sums to zero.
  Difference CheckSums() const;
  // Whether what is stored beside the log agrees with it. Call it for everything that is stored,
  // then CheckComplete.
  Difference CheckMember(const Member& member);
  Difference CheckReputationChange(const ReputationChange& change);
  Difference CheckAccount(const Account& account);
  Difference CheckHold(const Hold& hold);
  Difference CheckOnceKey(const OnceKeyHolder& stored) { return once_.CheckStored(stored); }
  Difference CheckComplete() const;

  // The head that the log leads to, less its hash.
  const BookHead& head() const { return head_; }

 private:
  struct DerivedAccount {
    std::optional<Account> opened;  // as its record says, with the state that it has now
    AssetCode asset;
    Balances balances;
    std::optional<bool> is_issuer;  // known once it was opened or has given
    bool is_stored = false;
  };
  struct DerivedHold {
    Hold hold;
    bool is_stored = false;
  };
  struct DerivedMember {
    Member member;
    bool is_stored = false;
  };
  struct DerivedChange {
    ReputationChange change;
    bool is_stored = false;
  };

  Difference CheckPosition(int64_t position);
  Difference CheckTime(int64_t position, Time recorded);
  Difference AddRefusal(const TransferRecord& refusal);
  Difference CheckHoldOf(const TransferRecord& record, int64_t& released);
  Difference CloseHold(const TransferRecord& record, Hold& hold, int64_t& released);
  Difference CheckBalances(const TransferRecord& record, int64_t released);
  bool IsFromIssuer(const TransferRecord& record);
  Difference AddContent(const BookRecord& record, const Member& member);
  Difference AddContent(const BookRecord& record, const Account& account);
  Difference AddContent(const BookRecord& record, const AccountStateChange& change);
  Difference AddContent(const BookRecord& record, const ReputationChange& change);
  static Difference CheckLimits(const Account& account);

  BookHead head_{.last_recorded = Time(Duration::min())};
  absl::flat_hash_map<Uuid, DerivedAccount> accounts_;
  absl::flat_hash_map<Uuid, DerivedHold> holds_;
  absl::flat_hash_map<Uuid, DerivedMember> members_;
  absl::flat_hash_map<Uuid, DerivedChange> reputation_changes_;
  OnceAudit once_;
};

}  // namespace joulebook::ledger
