// The writes that are not client transfers: members, accounts, reputation, expiry of holds.
#pragma once

#include "common/ids/id_generator.h"
#include "services/ledger/domain/decide_member.h"
#include "services/ledger/domain/reputation.h"
#include "services/ledger/engine/metrics.h"
#include "services/ledger/store/store.h"

namespace joulebook::ledger {

// Thread-safe. Each call is one commit; errors are those of the decision and of Store::Commit.
class BookWriter {
 public:
  // All must outlive the writer.
  BookWriter(Store& store, IdGenerator& ids, LedgerMetrics& metrics)
      : store_(store), ids_(ids), metrics_(metrics) {}

  absl::StatusOr<Registered<Member>> RegisterMember(const RegisterMemberCommand& command,
                                                    Duration timeout);
  absl::StatusOr<Registered<Account>> CreateAccount(const CreateAccountCommand& command,
                                                    Duration timeout);
  absl::StatusOr<Account> SetAccountState(const Uuid& id, AccountState state, Duration timeout);
  absl::StatusOr<ReputationChange> RecordReputationChange(const ReputationCommand& command,
                                                          Duration timeout);
  // Releases all holds whose time is up, at most `batch` in one commit. How many it released.
  absl::StatusOr<int> ExpireHolds(int batch, Duration timeout);

 private:
  Store& store_;
  IdGenerator& ids_;
  LedgerMetrics& metrics_;
};

}  // namespace joulebook::ledger
