// The view of the book for a decision, and the decision's changes.
//
// The store makes a BookView, a Decide... function looks at it and answers with Changes (and keeps
// the view in step, so that later items of a group see earlier ones), and the store writes the
// changes in one database transaction that fails if the book is not the one that the view showed.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "common/status/status.h"
#include "services/ledger/domain/account.h"
#include "services/ledger/domain/member.h"
#include "services/ledger/domain/once_key.h"
#include "services/ledger/domain/quote.h"
#include "services/ledger/domain/record.h"
#include "services/ledger/domain/transfer.h"

namespace joulebook::ledger {

// The head of the book: what the last record left.
struct BookHead {
  int64_t last_position = 0;
  // The leaf hash of the record there. It covers the record's time and what it moved, so no two
  // histories of a book have the same one: position and hash together are the book's identity.
  std::string leaf_hash;
  int64_t states_position =
      0;  // of the last record that changed an account's state or a reputation
  Time last_recorded;
  int64_t member_count = 0;

  bool IsSameAs(const BookHead& other) const {
    return last_position == other.last_position && leaf_hash == other.leaf_hash;
  }
};

struct BookView {
  // Values of the book as a whole. The store checks at the commit that they still hold.
  int64_t last_position = 0;
  Time last_recorded;
  int64_t member_count = 0;
  // The position of the last record that changed an account's state or a reputation.
  int64_t states_position = 0;
  // The server's time of this decision.
  Time now;

  // The objects that the keys named, as far as they exist.
  absl::flat_hash_map<Uuid, TransferRecord> transfers;
  absl::flat_hash_map<Uuid, Hold> holds;
  absl::flat_hash_map<Uuid, int64_t> reversed;      // by reversed transfer
  absl::flat_hash_map<Uuid, int64_t> quote_uses;    // how often each was used
  absl::flat_hash_map<OnceKey, OnceUse> once_keys;  // not those that are free
  absl::flat_hash_map<Uuid, Account> accounts;
  absl::flat_hash_map<Uuid, Member> members;
  absl::flat_hash_map<Uuid, ReputationChange> reputation_changes;
  absl::flat_hash_set<AssetCode> assets;

  // The time of the next decided item: strictly increasing over the whole book, whatever the
  // servers' clocks do.
  Time NextRecorded() {
    last_recorded = std::max(now, last_recorded + Duration(1));
    return last_recorded;
  }
  // The record of `content` at the next position, with the time last given.
  BookRecord NextRecord(RecordContent content) {
    return {++last_position, last_recorded, std::move(content)};
  }
};

// ABORTED: no book looks like the view, for example because it shows a hold that its accounts know
// nothing of. The store then throws away what it remembers and lets the decision be made again.
inline absl::Status ViewContradictsItself() {
  return absl::AbortedError("the view of the book contradicts itself");
}

struct Changes {
  // The decisions, in order of position: transfers, committed and refused, and all else.
  std::vector<TransferRecord> transfers;
  std::vector<BookRecord> records;
  absl::flat_hash_set<Uuid> holds;         // new or changed: write them as the view has them
  absl::flat_hash_set<OnceKey> once_keys;  // as the view has them now, or free
  absl::flat_hash_set<Uuid> new_accounts;
  absl::flat_hash_set<Uuid> changed_states;  // accounts whose state changed
  absl::flat_hash_set<Uuid> new_members;
  absl::flat_hash_set<Uuid> reputations;  // members whose reputation changed
  std::vector<ReputationChange> reputation_changes;
  // An id of ViewKeys::transfers that the view did not show was answered and is not written.
  bool has_unwritten = false;

  bool empty() const { return transfers.empty() && records.empty(); }
  // Whether this is one transfer and nothing else.
  bool IsLoneTransfer() const {
    return transfers.size() == 1 && holds.empty() && once_keys.empty() && records.empty();
  }
  // False for what can only come of a view that contradicts itself.
  bool IsPossible() const {
    return std::all_of(transfers.begin(), transfers.end(),
                       [](const TransferRecord& record) { return record.IsPossible(); });
  }
};

// The keys that the store must load for a decision. Accounts, holds and members that the named
// transfers and holds refer to are loaded with them.
struct ViewKeys {
  // Ids that may have been decided before. Those of `transfers` are written if they were not, so a
  // store may take them for new and find out by that, unless Changes::has_unwritten says that one
  // was not; those of `lookups` are not.
  std::vector<Uuid> transfers;
  std::vector<Uuid> lookups;
  std::vector<Uuid> holds;
  std::vector<Uuid> reversals;  // transfers to be reversed, with what was reversed of each
  std::vector<Uuid> quotes;     // how often each was used
  // Who has each, with that transfer. Keys of the named holds are loaded with them.
  std::vector<OnceKey> once_keys;
  std::vector<Uuid> accounts;
  std::vector<Uuid> members;
  std::vector<Uuid> reputation_changes;
  // Load the codes of all assets.
  bool assets = false;
  // Load up to this many open holds whose time is up.
  int expired_holds = 0;
};

}  // namespace joulebook::ledger
