#include "services/ledger/engine/book_writer.h"

#include <algorithm>
#include <future>

#include "services/ledger/domain/decide_transfers.h"

namespace joulebook::ledger {

// Commits a decision that has a result, and waits for it.
template <typename T, typename Decide>
absl::StatusOr<T> BookWriter::CommitFor(ViewKeys keys, Duration timeout, const Decide& decide) {
  T result{};
  std::promise<absl::Status> done;
  CommitJob job;
  job.keys = std::move(keys);
  job.deadline = clock_.MonotonicNow() + timeout;
  job.decide = [&](BookView& view, Changes& changes) -> absl::Status {
    JB_ASSIGN_OR_RETURN(result, decide(view, changes));
    return absl::OkStatus();
  };
  job.done = [&](const absl::Status& status) { done.set_value(status); };
  JB_RETURN_IF_ERROR(committer_.Submit(std::move(job)));
  JB_RETURN_IF_ERROR(done.get_future().get());
  return result;
}

absl::StatusOr<Registered<Member>> BookWriter::RegisterMember(const RegisterMemberCommand& command,
                                                              Duration timeout) {
  const ViewKeys keys{.accounts = {command.id, kJouleIssuerId}, .members = {command.id}};
  const Uuid grant_id = ids_.Next();
  auto registered =
      CommitFor<Registered<Member>>(keys, timeout, [&](BookView& view, Changes& changes) {
        return DecideRegisterMember(command, grant_id, view, changes);
      });
  if (registered.ok() && registered->is_new) metrics_.members_registered.Increment();
  return registered;
}

absl::StatusOr<Registered<Account>> BookWriter::CreateAccount(const CreateAccountCommand& command,
                                                              Duration timeout) {
  ViewKeys keys{.accounts = {command.id}, .assets = true};
  if (command.owner.has_value()) keys.members = {*command.owner};
  return CommitFor<Registered<Account>>(keys, timeout, [&](BookView& view, Changes& changes) {
    return DecideCreateAccount(command, view, changes);
  });
}

absl::StatusOr<Account> BookWriter::SetAccountState(const Uuid& id, AccountState state,
                                                    Duration timeout) {
  return CommitFor<Account>({.accounts = {id}}, timeout, [&](BookView& view, Changes& changes) {
    return DecideAccountState(id, state, view, changes);
  });
}

absl::StatusOr<ReputationChange> BookWriter::RecordReputationChange(
    const ReputationCommand& command, Duration timeout) {
  const ViewKeys keys{.members = {command.member}, .reputation_changes = {command.id}};
  return CommitFor<ReputationChange>(keys, timeout, [&](BookView& view, Changes& changes) {
    return DecideReputationChange(command, view, changes);
  });
}

absl::StatusOr<int> BookWriter::ExpireHolds(int batch, Duration timeout) {
  auto expired = ExpireDueHolds(batch, timeout);
  if (!expired.ok()) metrics_.expiry_failures.Increment();
  return expired;
}

absl::StatusOr<int> BookWriter::ExpireDueHolds(int batch, Duration timeout) {
  // Looking costs no lock, and most of the time nothing is due.
  JB_ASSIGN_OR_RETURN(const auto earliest, store_.EarliestExpiry(timeout));
  const Duration overdue = earliest.has_value() ? clock_.Now() - *earliest : Duration(0);
  metrics_.expiry_lag_seconds.Set(std::max(0.0, std::chrono::duration<double>(overdue).count()));
  if (!earliest.has_value() || overdue < Duration(0)) return 0;

  int total = 0;
  for (int released = batch; released == batch;) {
    JB_ASSIGN_OR_RETURN(
        released, CommitFor<int>({.expired_holds = batch}, timeout,
                                 [&](BookView& view, Changes& changes) -> absl::StatusOr<int> {
                                   return DecideExpiry([this] { return ids_.Next(); }, view,
                                                       changes);
                                 }));
    total += released;
    metrics_.holds_expired.Increment(released);
  }
  return total;
}

}  // namespace joulebook::ledger
