// Where the book is kept, in the words of the domain.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "common/time/clock.h"
#include "services/ledger/domain/book.h"

namespace joulebook::ledger {

// A decision: looks at the view and fills in the changes. It may run several times for one commit,
// so it must not change anything else but results that it overwrites.
using Decision = std::function<absl::Status(BookView& view, Changes& changes)>;

// Which transfers to list. All given filters must hold.
struct TransferFilter {
  std::optional<Uuid> member;  // an account of this member gives or receives
  std::optional<Uuid> account;
  std::string reference;
  int operation = 0;
  std::optional<Time> start;  // recorded at or after
  std::optional<Time> end;    // recorded before
};

// One page in position order: those after `after` (before it, when newest first), at most `limit`.
struct Page {
  std::optional<int64_t> after;
  int limit = 100;
  bool newest_first = false;
};

// A page of transfers. One read goes over a bounded number of positions, whatever is there.
struct TransferPage {
  std::vector<TransferRecord> transfers;
  // Set when the read ended before the page was full and before the listing's end: at this
  // position, after which the next page begins (before which, when newest first).
  std::optional<int64_t> read_to;
};

// Thread-safe. Errors of every call: UNAVAILABLE when the database cannot be reached,
// RESOURCE_EXHAUSTED when no connection came free, DEADLINE_EXCEEDED when time ran out, INTERNAL.
class Store {
 public:
  virtual ~Store() = default;

  // Shows `decide` what the keys name of the book, and writes the changes that it decides in one
  // transaction, which succeeds only if the book is still the one that was shown (else all of it is
  // done again, as it is when `decide` fails with ABORTED). When `decide` fails otherwise nothing
  // is written and its error comes back. UNAVAILABLE may mean that the commit happened: repeat with
  // the same ids and see.
  virtual absl::Status Commit(const ViewKeys& keys, Duration timeout, const Decision& decide) = 0;

  // Whether commits can be made now; UNAVAILABLE when not. Takes a little more than two seconds at
  // most, also when the database or a commit is stuck.
  virtual absl::Status CheckWritable() = 0;

  // The reads see one snapshot each and lock nothing.
  virtual absl::StatusOr<std::vector<Asset>> ListAssets(Duration timeout) = 0;
  virtual absl::StatusOr<std::optional<Member>> FindMember(const Uuid& id, Duration timeout) = 0;
  virtual absl::StatusOr<std::vector<Member>> ListMembers(const Page& page, Duration timeout) = 0;
  virtual absl::StatusOr<std::vector<ReputationChange>> ListReputationChanges(const Uuid& member,
                                                                              const Page& page,
                                                                              Duration timeout) = 0;
  virtual absl::StatusOr<std::optional<Account>> FindAccount(const Uuid& id, Duration timeout) = 0;
  // In the order of their opening, those after the account `after`.
  virtual absl::StatusOr<std::vector<Account>> ListAccounts(const std::optional<Uuid>& owner,
                                                            const std::optional<Uuid>& after,
                                                            int limit, Duration timeout) = 0;
  // Balances as recorded at `at`, that instant included.
  virtual absl::StatusOr<Balances> BalancesAtRecorded(const Uuid& account, Time at,
                                                      Duration timeout) = 0;
  // Posted amount and totals by effective time `at`, that instant included; reserved, pending and
  // version as recorded then.
  virtual absl::StatusOr<Balances> BalancesAtEffective(const Uuid& account, Time at,
                                                       Duration timeout) = 0;
  // Committed ones only.
  virtual absl::StatusOr<std::optional<TransferRecord>> FindTransfer(const Uuid& id,
                                                                     Duration timeout) = 0;
  // Committed ones only.
  virtual absl::StatusOr<TransferPage> ListTransfers(const TransferFilter& filter, const Page& page,
                                                     Duration timeout) = 0;
  // The position of the newest record of whatever kind; 0 before the first.
  virtual absl::StatusOr<int64_t> LastPosition(Duration timeout) = 0;
  // The book's time: when its newest record was recorded.
  virtual absl::StatusOr<Time> LastRecorded(Duration timeout) = 0;
  virtual absl::StatusOr<std::optional<Hold>> FindHold(const Uuid& id, Duration timeout) = 0;
  // When the first of the open holds expires, or expired; nothing without open holds.
  virtual absl::StatusOr<std::optional<Time>> EarliestExpiry(Duration timeout) = 0;
};

}  // namespace joulebook::ledger
