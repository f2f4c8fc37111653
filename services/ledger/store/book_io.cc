#include "services/ledger/store/book_io.h"

#include <algorithm>
#include <utility>

#include "services/ledger/store/rows.h"
#include "services/ledger/store/sql.h"

namespace joulebook::ledger {
namespace {

constexpr std::size_t kMemberColumns = 14;
constexpr std::size_t kAccountColumns = 17;
constexpr std::size_t kBalancesColumns = 8;
constexpr std::size_t kHoldColumns = 9;
constexpr std::size_t kTransferColumns = 37;

std::string IdArray(const std::vector<Uuid>& ids) {
  ArrayLiteral array;
  for (const Uuid& id : ids) array.Add(id);
  return array.Take();
}

class ViewLoader {
 public:
  ViewLoader(BookView& view, pqxx::transaction_base& transaction)
      : view_(view), transaction_(transaction) {}

  void LoadBook() {
    const pqxx::row row = transaction_.exec(sql::kLockBook)[0];
    view_.last_position = row[0].as<int64_t>();
    view_.last_recorded = FromMicros(row[1].as<int64_t>());
    view_.member_count = row[2].as<int64_t>();
    // No earlier than the last decision: a replica whose clock runs behind must not revive a hold.
    view_.now = std::max(view_.now, view_.last_recorded);
  }

  void LoadTransfers(std::vector<Uuid> ids, const std::vector<Uuid>& targets) {
    ids.insert(ids.end(), targets.begin(), targets.end());
    if (ids.empty()) return;
    for (const auto& row : transaction_.exec_params(sql::kTransfers, IdArray(ids))) {
      TransferRecord record = ReadTransfer(row);
      view_.transfers[record.request.id] = std::move(record);
    }
  }

  void LoadTargets(const std::vector<Uuid>& targets) {
    if (targets.empty()) return;
    AddHolds(transaction_.exec_params(sql::kHolds, IdArray(targets)));
    for (const auto& row : transaction_.exec_params(sql::kReversedAmounts, IdArray(targets))) {
      view_.reversed[ReadUuid(row[0])] = row[1].as<int64_t>();
    }
    for (const Uuid& target : targets) {
      const auto it = view_.transfers.find(target);
      if (it == view_.transfers.end()) continue;
      accounts_.push_back(it->second.debit);
      accounts_.push_back(it->second.credit);
    }
  }

  void LoadExpired(int limit) {
    if (limit == 0) return;
    AddHolds(transaction_.exec_params(sql::kExpiredHolds, ToMicros(view_.now), limit));
  }

  void LoadAccounts(const std::vector<Uuid>& ids) {
    accounts_.insert(accounts_.end(), ids.begin(), ids.end());
    std::sort(accounts_.begin(), accounts_.end());
    accounts_.erase(std::unique(accounts_.begin(), accounts_.end()), accounts_.end());
    if (accounts_.empty()) return;
    for (const auto& row : transaction_.exec_params(sql::kAccounts, IdArray(accounts_))) {
      Account account = ReadAccount(row);
      if (account.requires_signature && account.owner.has_value()) {
        members_.push_back(*account.owner);
      }
      view_.accounts[account.id] = std::move(account);
    }
  }

  void LoadMembers(const std::vector<Uuid>& ids) {
    members_.insert(members_.end(), ids.begin(), ids.end());
    if (members_.empty()) return;
    for (const auto& row : transaction_.exec_params(sql::kMembers, IdArray(members_))) {
      Member member = ReadMember(row);
      view_.members[member.id] = std::move(member);
    }
  }

  void LoadAssets() {
    for (const auto& row : transaction_.exec(sql::kAssets)) {
      view_.assets.insert(ReadAsset(row).code);
    }
  }

  void LoadReputationChanges(const std::vector<Uuid>& ids) {
    if (ids.empty()) return;
    for (const auto& row : transaction_.exec_params(sql::kReputationChanges, IdArray(ids))) {
      ReputationChange change = ReadReputationChange(row);
      view_.reputation_changes[change.command.id] = std::move(change);
    }
  }

 private:
  void AddHolds(const pqxx::result& rows) {
    for (const auto& row : rows) {
      const Hold hold = ReadHold(row);
      accounts_.push_back(hold.debit);
      accounts_.push_back(hold.credit);
      view_.holds[hold.id] = hold;
    }
  }

  BookView& view_;
  pqxx::transaction_base& transaction_;
  std::vector<Uuid> accounts_;
  std::vector<Uuid> members_;
};

// Runs a set-based statement with one array parameter for each column.
void ExecuteColumns(const char* statement, Columns& columns, pqxx::transaction_base& transaction) {
  std::vector<std::string> arrays;
  arrays.reserve(columns.size());
  for (ArrayLiteral& column : columns) arrays.push_back(column.Take());
  transaction.exec_params(statement, pqxx::prepare::make_dynamic_params(arrays));
}

// Writes the values behind `ids` by `add` and `statement`; in id order, so that rows are always
// locked in the same order.
template <typename Map, typename Add>
void WriteSet(const absl::flat_hash_set<Uuid>& ids, const Map& values, std::size_t column_count,
              const Add& add, const char* statement, pqxx::transaction_base& transaction) {
  if (ids.empty()) return;
  std::vector<Uuid> ordered(ids.begin(), ids.end());
  std::sort(ordered.begin(), ordered.end());
  Columns columns(column_count);
  for (const Uuid& id : ordered) add(values.at(id), columns);
  ExecuteColumns(statement, columns, transaction);
}

void WriteReputations(const BookView& view, const Changes& changes,
                      pqxx::transaction_base& transaction) {
  for (const Uuid& id : changes.reputations) {
    const Reputation& r = view.members.at(id).reputation;
    transaction.exec_params(sql::kUpdateReputation, id.ToString(), r.overall_ppm, r.quality_ppm,
                            r.contribution_ppm, r.behavior_ppm, r.social_ppm, r.violations,
                            r.severity_sum_ppm, r.changes);
  }
  for (const ReputationChange& change : changes.reputation_changes) {
    const ReputationCommand& c = change.command;
    const Reputation& r = change.after;
    transaction.exec_params(sql::kInsertReputationChange, c.id.ToString(), c.member.ToString(),
                            change.sequence, ToMicros(change.recorded), static_cast<int>(c.cause),
                            c.quality_ppm, c.contribution_ppm, c.behavior_ppm, c.social_ppm,
                            c.violation_severity_ppm, c.note, r.overall_ppm, r.quality_ppm,
                            r.contribution_ppm, r.behavior_ppm, r.social_ppm, r.violations,
                            r.severity_sum_ppm);
  }
}

}  // namespace

BookView LoadView(const ViewKeys& keys, Time now, pqxx::transaction_base& transaction) {
  BookView view;
  view.now = now;
  ViewLoader loader(view, transaction);
  loader.LoadBook();
  loader.LoadTransfers(keys.transfers, keys.targets);
  loader.LoadTargets(keys.targets);
  loader.LoadExpired(keys.expired_holds);
  loader.LoadAccounts(keys.accounts);
  loader.LoadMembers(keys.members);
  if (keys.assets) loader.LoadAssets();
  loader.LoadReputationChanges(keys.reputation_changes);
  return view;
}

void WriteChanges(const BookView& view, const Changes& changes,
                  pqxx::transaction_base& transaction) {
  WriteSet(
      changes.new_members, view.members, kMemberColumns,
      [](const Member& member, Columns& columns) { AddRow(member, columns); }, sql::kInsertMembers,
      transaction);
  WriteSet(
      changes.new_accounts, view.accounts, kAccountColumns,
      [](const Account& account, Columns& columns) { AddRow(account, columns); },
      sql::kInsertAccounts, transaction);
  if (!changes.transfers.empty()) {
    Columns columns(kTransferColumns);
    for (const TransferRecord& record : changes.transfers) AddRow(record, columns);
    ExecuteColumns(sql::kInsertTransfers, columns, transaction);
  }
  WriteSet(
      changes.holds, view.holds, kHoldColumns,
      [](const Hold& hold, Columns& columns) { AddRow(hold, columns); }, sql::kUpsertHolds,
      transaction);
  WriteSet(changes.balances, view.accounts, kBalancesColumns, AddBalancesRow, sql::kUpdateBalances,
           transaction);
  for (const Uuid& id : changes.changed_states) {
    transaction.exec_params(sql::kUpdateState, id.ToString(),
                            static_cast<int>(view.accounts.at(id).state));
  }
  WriteReputations(view, changes, transaction);
  transaction.exec_params(sql::kUpdateBook, view.last_position, ToMicros(view.last_recorded),
                          view.member_count);
}

}  // namespace joulebook::ledger
