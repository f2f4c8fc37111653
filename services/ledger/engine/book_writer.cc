#include "services/ledger/engine/book_writer.h"

#include "services/ledger/domain/decide_transfers.h"

namespace joulebook::ledger {
namespace {

// Commits a decision that has a result.
template <typename T, typename Decide>
absl::StatusOr<T> CommitFor(Store& store, const ViewKeys& keys, Duration timeout,
                            const Decide& decide) {
  T result{};
  JB_RETURN_IF_ERROR(
      store.Commit(keys, timeout, [&](BookView& view, Changes& changes) -> absl::Status {
        JB_ASSIGN_OR_RETURN(result, decide(view, changes));
        return absl::OkStatus();
      }));
  return result;
}

}  // namespace

absl::StatusOr<Registered<Member>> BookWriter::RegisterMember(const RegisterMemberCommand& command,
                                                              Duration timeout) {
  const ViewKeys keys{.accounts = {command.id, kJouleIssuerId}, .members = {command.id}};
  const Uuid grant_id = ids_.Next();
  auto registered =
      CommitFor<Registered<Member>>(store_, keys, timeout, [&](BookView& view, Changes& changes) {
        return DecideRegisterMember(command, grant_id, view, changes);
      });
  if (registered.ok() && registered->is_new) metrics_.members_registered.Increment();
  return registered;
}

absl::StatusOr<Registered<Account>> BookWriter::CreateAccount(const CreateAccountCommand& command,
                                                              Duration timeout) {
  ViewKeys keys{.accounts = {command.id}, .assets = true};
  if (command.owner.has_value()) keys.members = {*command.owner};
  return CommitFor<Registered<Account>>(store_, keys, timeout,
                                        [&](BookView& view, Changes& changes) {
                                          return DecideCreateAccount(command, view, changes);
                                        });
}

absl::StatusOr<Account> BookWriter::SetAccountState(const Uuid& id, AccountState state,
                                                    Duration timeout) {
  return CommitFor<Account>(store_, {.accounts = {id}}, timeout,
                            [&](BookView& view, Changes& changes) {
                              return DecideAccountState(id, state, view, changes);
                            });
}

absl::StatusOr<ReputationChange> BookWriter::RecordReputationChange(
    const ReputationCommand& command, Duration timeout) {
  const ViewKeys keys{.members = {command.member}, .reputation_changes = {command.id}};
  return CommitFor<ReputationChange>(store_, keys, timeout, [&](BookView& view, Changes& changes) {
    return DecideReputationChange(command, view, changes);
  });
}

absl::StatusOr<int> BookWriter::ExpireHolds(int batch, Duration timeout) {
  int total = 0;
  for (int released = batch; released == batch;) {
    auto expired =
        CommitFor<int>(store_, {.expired_holds = batch}, timeout,
                       [&](BookView& view, Changes& changes) -> absl::StatusOr<int> {
                         return DecideExpiry([this] { return ids_.Next(); }, view, changes);
                       });
    if (!expired.ok()) {
      metrics_.expiry_failures.Increment();
      return expired.status();
    }
    released = *expired;
    total += released;
    metrics_.holds_expired.Increment(released);
  }
  return total;
}

}  // namespace joulebook::ledger
