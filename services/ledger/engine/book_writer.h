// The writes that are not client transfers: members, accounts, reputation, expiry of holds.
#pragma once

#include "common/ids/id_generator.h"
#include "services/ledger/domain/decide_member.h"
#include "services/ledger/domain/reputation.h"
#include "services/ledger/engine/group_committer.h"

namespace joulebook::ledger {

// Thread-safe. Each call waits for its commit; errors are those of the decision and of
// Store::Commit, and RESOURCE_EXHAUSTED when the committer's queue is full.
class BookWriter {
 public:
  // All must outlive the writer.
  BookWriter(Store& store, GroupCommitter& committer, IdGenerator& ids, Clock& clock,
             LedgerMetrics& metrics)
      : store_(store), committer_(committer), ids_(ids), clock_(clock), metrics_(metrics) {}

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
  template <typename T, typename Decide>
  absl::StatusOr<T> CommitFor(ViewKeys keys, Duration timeout, const Decide& decide);
  absl::StatusOr<int> ExpireDueHolds(int batch, Duration timeout);

  Store& store_;
  GroupCommitter& committer_;
  IdGenerator& ids_;
  Clock& clock_;
  LedgerMetrics& metrics_;
};

}  // namespace joulebook::ledger
