#include "services/ledger/store/book_io.h"

#include <algorithm>
#include <utility>

#include "common/crypto/merkle.h"
#include "common/db/arrays.h"
#include "services/ledger/store/rows.h"
#include "services/ledger/store/sql.h"

namespace joulebook::ledger {
namespace {

void SortUnique(std::vector<Uuid>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

class ViewLoader {
 public:
  ViewLoader(BookCache& cache, pqxx::transaction_base* transaction, BookView& view)
      : cache_(cache), transaction_(transaction), view_(view) {}

  bool Load(const ViewKeys& keys, IdLookup lookup) {
    view_.transfers.reserve(keys.transfers.size());
    view_.holds.reserve(keys.transfers.size());
    return LoadTransfers(keys, lookup) && LoadHolds(keys, lookup) &&
           LoadExpired(keys.expired_holds) && LoadQuoteUses(keys.quotes) &&
           LoadOnceKeys(keys.once_keys) && LoadAccounts(keys.accounts) &&
           LoadMembers(keys.members) && LoadAssets(keys.assets) &&
           LoadReputationChanges(keys.reputation_changes);
  }

 private:
  bool LoadTransfers(const ViewKeys& keys, IdLookup lookup) {
    std::vector<Uuid> ids = keys.reversals;
    ids.insert(ids.end(), keys.lookups.begin(), keys.lookups.end());
    if (lookup == IdLookup::kLookUp) {
      ids.insert(ids.end(), keys.transfers.begin(), keys.transfers.end());
    }
    if (ids.empty()) return true;
    if (transaction_ == nullptr) return false;
    ReadTransfers(ids);
    if (keys.reversals.empty()) return true;
    for (const auto& row :
         transaction_->exec_params(sql::kReversedAmounts, UuidArrayLiteral(keys.reversals))) {
      view_.reversed[ReadUuid(row[0])] = row[1].as<int64_t>();
    }
    for (const Uuid& id : keys.reversals) {
      const auto it = view_.transfers.find(id);
      if (it == view_.transfers.end()) continue;
      accounts_.push_back(it->second.debit);
      accounts_.push_back(it->second.credit);
    }
    return true;
  }

  void ReadTransfers(const std::vector<Uuid>& ids) {
    for (const auto& row : transaction_->exec_params(sql::kTransfers, UuidArrayLiteral(ids))) {
      TransferRecord record = ReadTransfer(row);
      view_.transfers[record.request.id] = std::move(record);
    }
  }

  bool LoadHolds(const ViewKeys& keys, IdLookup lookup) {
    std::vector<Uuid> missing;
    for (const Uuid& id : keys.holds) {
      if (const Hold* hold = cache_.holds.Find(id); hold != nullptr) {
        AddHold(*hold);
      } else {
        missing.push_back(id);
      }
    }
    if (lookup == IdLookup::kAssumeNew && !missing.empty()) RemoveNew(keys.transfers, missing);
    if (missing.empty()) return true;
    if (transaction_ == nullptr) return false;
    for (const auto& row : transaction_->exec_params(sql::kHolds, UuidArrayLiteral(missing))) {
      AddHold(ReadHold(row));
    }
    return true;
  }

  // A hold that the same group makes is not there yet.
  static void RemoveNew(std::vector<Uuid> new_ids, std::vector<Uuid>& missing) {
    std::sort(new_ids.begin(), new_ids.end());
    std::erase_if(missing, [&](const Uuid& id) {
      return std::binary_search(new_ids.begin(), new_ids.end(), id);
    });
  }

  bool LoadExpired(int limit) {
    if (limit == 0) return true;
    if (transaction_ == nullptr) return false;
    for (const auto& row :
         transaction_->exec_params(sql::kExpiredHolds, ToMicros(view_.now), limit)) {
      AddHold(ReadHold(row));
    }
    return true;
  }

  bool LoadQuoteUses(const std::vector<Uuid>& ids) {
    if (ids.empty()) return true;
    if (transaction_ == nullptr) return false;
    for (const auto& row : transaction_->exec_params(sql::kQuoteUses, UuidArrayLiteral(ids))) {
      view_.quote_uses[ReadUuid(row[0])] = row[1].as<int64_t>();
    }
    return true;
  }

  bool LoadOnceKeys(const std::vector<OnceKey>& keys) {
    once_keys_.insert(once_keys_.end(), keys.begin(), keys.end());
    if (once_keys_.empty()) return true;
    if (transaction_ == nullptr) return false;
    std::vector<Uuid> holders;
    for (const auto& row :
         transaction_->exec_params(sql::kOnceUses, UuidArrayLiteral(once_keys_))) {
      const OnceUse use = ReadOnceUse(row);
      holders.push_back(use.holder.transfer);
      view_.once_keys[use.holder.id] = use;
    }
    if (!holders.empty()) ReadTransfers(holders);
    return true;
  }

  bool LoadAccounts(const std::vector<Uuid>& ids) {
    accounts_.insert(accounts_.end(), ids.begin(), ids.end());
    SortUnique(accounts_);
    view_.accounts.reserve(accounts_.size());
    std::vector<Uuid> missing;
    for (const Uuid& id : accounts_) {
      if (const Account* account = cache_.accounts.Find(id); account != nullptr) {
        AddAccount(*account);
      } else {
        missing.push_back(id);
      }
    }
    if (missing.empty()) return true;
    if (transaction_ == nullptr) return false;
    for (const auto& row : transaction_->exec_params(sql::kAccounts, UuidArrayLiteral(missing))) {
      AddAccount(ReadAccount(row));
    }
    return true;
  }

  bool LoadMembers(const std::vector<Uuid>& ids) {
    members_.insert(members_.end(), ids.begin(), ids.end());
    SortUnique(members_);
    std::vector<Uuid> missing;
    for (const Uuid& id : members_) {
      if (const Member* member = cache_.members.Find(id); member != nullptr) {
        view_.members[id] = *member;
      } else {
        missing.push_back(id);
      }
    }
    if (missing.empty()) return true;
    if (transaction_ == nullptr) return false;
    for (const auto& row : transaction_->exec_params(sql::kMembers, UuidArrayLiteral(missing))) {
      Member member = ReadMember(row);
      view_.members[member.id] = std::move(member);
    }
    return true;
  }

  bool LoadAssets(bool wanted) {
    if (!wanted) return true;
    if (transaction_ == nullptr) return false;
    for (const auto& row : transaction_->exec(sql::kAssets)) {
      view_.assets.insert(ReadAsset(row).code);
    }
    return true;
  }

  bool LoadReputationChanges(const std::vector<Uuid>& ids) {
    if (ids.empty()) return true;
    if (transaction_ == nullptr) return false;
    for (const auto& row :
         transaction_->exec_params(sql::kReputationChanges, UuidArrayLiteral(ids))) {
      ReputationChange change = ReadReputationChange(row);
      view_.reputation_changes[change.command.id] = std::move(change);
    }
    return true;
  }

  void AddHold(const Hold& hold) {
    accounts_.push_back(hold.debit);
    accounts_.push_back(hold.credit);
    if (hold.once_key.has_value()) once_keys_.push_back(*hold.once_key);
    view_.holds[hold.id] = hold;
  }

  void AddAccount(Account account) {
    if (account.requires_signature && account.owner.has_value()) {
      members_.push_back(*account.owner);
    }
    view_.accounts[account.id] = std::move(account);
  }

  BookCache& cache_;
  pqxx::transaction_base* const transaction_;
  BookView& view_;
  std::vector<Uuid> accounts_;
  std::vector<Uuid> members_;
  std::vector<OnceKey> once_keys_;
};

// The values behind `ids` in id order, so that rows are always locked in the same order.
template <typename Map, typename Add>
BinaryRows RowsOf(const absl::flat_hash_set<Uuid>& ids, const Map& values, int16_t columns,
                  const Add& add) {
  std::vector<Uuid> ordered(ids.begin(), ids.end());
  std::sort(ordered.begin(), ordered.end());
  BinaryRows rows(columns);
  for (const Uuid& id : ordered) add(values.at(id), rows);
  return rows;
}

template <typename Map>
BinaryRows RowsOf(const absl::flat_hash_set<Uuid>& ids, const Map& values, int16_t columns) {
  return RowsOf(ids, values, columns,
                [](const auto& value, BinaryRows& rows) { AddRow(value, rows); });
}

// The ids of `changes.holds` that are new, or those that were there before.
std::vector<Uuid> HoldIds(const Changes& changes, bool are_new) {
  absl::flat_hash_set<Uuid> fresh;
  for (const TransferRecord& record : changes.transfers) {
    if (record.request.kind == TransferKind::kReserve) fresh.insert(record.request.id);
  }
  std::vector<Uuid> ids;
  for (const Uuid& id : changes.holds) {
    if (fresh.contains(id) == are_new) ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

void AddChangedHolds(const BookView& view, const Changes& changes, StatementBatch& statements) {
  const std::vector<Uuid> ids = HoldIds(changes, false);
  if (ids.empty()) return;
  std::vector<int64_t> remaining;
  std::vector<int16_t> states;
  for (const Uuid& id : ids) {
    const Hold& hold = view.holds.at(id);
    remaining.push_back(hold.remaining);
    states.push_back(static_cast<int16_t>(hold.state));
  }
  statements.Add(sql::kUpdateHolds,
                 {UuidArray(ids), BigintArray(remaining), SmallintArray(states)});
}

void AddOnceKeys(const BookView& view, const Changes& changes, StatementBatch& statements) {
  std::vector<OnceKey> taken, free;
  for (const OnceKey& key : changes.once_keys) {
    (view.once_keys.contains(key) ? taken : free).push_back(key);
  }
  std::sort(taken.begin(), taken.end());
  std::sort(free.begin(), free.end());
  std::vector<Uuid> transfers;
  std::vector<int16_t> are_done;
  for (const OnceKey& key : taken) {
    const OnceKeyHolder& holder = view.once_keys.at(key).holder;
    transfers.push_back(holder.transfer);
    are_done.push_back(holder.is_done);
  }
  if (!free.empty()) statements.Add(sql::kFreeOnceKeys, {UuidArray(free)});
  if (taken.empty()) return;
  statements.Add(sql::kPutOnceKeys,
                 {UuidArray(taken), UuidArray(transfers), SmallintArray(are_done)});
}

BinaryRows HeadRow(const BookHead& expected, const BookHead& next) {
  BinaryRows row(7);
  row.BeginRow();
  row.Bigint(expected.last_position);
  row.Bytes(expected.leaf_hash);
  row.Bigint(next.last_position);
  row.Bytes(next.leaf_hash);
  row.Bigint(ToMicros(next.last_recorded));
  row.Bigint(next.member_count);
  row.Bigint(next.states_position);
  return row;
}

}  // namespace

BookHead ReadHead(const pqxx::row& row) {
  return {.last_position = row[0].as<int64_t>(),
          .leaf_hash = ReadBytes(row[1]),
          .states_position = row[2].as<int64_t>(),
          .last_recorded = FromMicros(row[3].as<int64_t>()),
          .member_count = row[4].as<int64_t>()};
}

absl::Status NotAdopted() {
  return absl::FailedPreconditionError(
      "what the book holds is not in its log yet: run `ledgerd migrate`");
}

std::string LeafAt(int64_t position, pqxx::transaction_base& tx) {
  const pqxx::result rows = tx.exec_params(sql::kLeafAt, position);
  return rows.empty() ? std::string() : ReadBytes(rows[0][0]);
}

bool LoadView(const ViewKeys& keys, IdLookup lookup, BookCache& cache,
              pqxx::transaction_base* transaction, BookView& view) {
  return ViewLoader(cache, transaction, view).Load(keys, lookup);
}

BookHead HeadAfter(const BookView& view, Changes& changes) {
  BookHead head{.last_position = view.last_position,
                .states_position = view.states_position,
                .last_recorded = view.last_recorded,
                .member_count = view.member_count};
  if (!changes.transfers.empty() && changes.transfers.back().position == head.last_position) {
    TransferRecord& last = changes.transfers.back();
    head.leaf_hash = last.leaf_hash = LeafHash(last);
  } else {
    head.leaf_hash = AsBytes(MerkleLeafHash(CanonicalBytes(changes.records.back())));
  }
  return head;
}

StatementBatch MakeStatements(const BookHead& expected, const BookHead& next, const BookView& view,
                              const Changes& changes) {
  StatementBatch statements;
  statements.Add(sql::kAdvanceBook, HeadRow(expected, next));
  statements.Add(sql::kInsertMember, RowsOf(changes.new_members, view.members, kMemberColumns));
  statements.Add(sql::kInsertAccount, RowsOf(changes.new_accounts, view.accounts, kAccountColumns));
  statements.Add(sql::kUpdateState,
                 RowsOf(changes.changed_states, view.accounts, kStateColumns, AddStateRow));
  statements.Add(sql::kUpdateReputation,
                 RowsOf(changes.reputations, view.members, kReputationColumns, AddReputationRow));
  BinaryRows reputation_changes(kReputationChangeColumns);
  for (const ReputationChange& change : changes.reputation_changes) {
    AddRow(change, reputation_changes);
  }
  statements.Add(sql::kInsertReputationChange, reputation_changes);
  BinaryRows records(kRecordColumns);
  for (const BookRecord& record : changes.records) AddRow(record, records);
  statements.Add(sql::kInsertRecord, records);
  AddChangedHolds(view, changes, statements);
  AddOnceKeys(view, changes, statements);
  return statements;
}

std::vector<Hold> NewHolds(const BookView& view, const Changes& changes) {
  std::vector<Hold> holds;
  for (const Uuid& id : HoldIds(changes, true)) holds.push_back(view.holds.at(id));
  return holds;
}

}  // namespace joulebook::ledger
