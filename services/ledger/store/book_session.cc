#include "services/ledger/store/book_session.h"

#include <algorithm>
#include <utility>

#include "common/db/arrays.h"
#include "common/status/check.h"
#include "services/ledger/store/rows.h"
#include "services/ledger/store/sql.h"

namespace joulebook::ledger {
namespace {

// Attempts of one commit: a trusting one, one that finds a known id, and a few against deadlocks.
constexpr int kMaxAttempts = 6;
// After a known id came, ids are looked up first for this many commits: clients that repeat after
// an outage repeat many.
constexpr int kLookupsAfterRepeat = 16;
// More rows than this go by COPY: it costs a few round trips more and a third less for each row.
constexpr std::size_t kMaxRowsInPipeline = 12;
// Rows made and sent at a time while a COPY runs.
constexpr std::size_t kCopiedTogether = 64;
// Transfers of other writers that are followed one by one; beyond, forgetting is cheaper.
constexpr int64_t kMaxFollowed = 16'384;

absl::Status BookMovedOn() { return absl::AbortedError("the book has moved on"); }

template <typename T>
BinaryRows AllRows(const std::vector<T>& values, int16_t columns) {
  BinaryRows rows(columns);
  for (const T& value : values) AddRow(value, rows);
  return rows;
}

template <typename T>
absl::Status CopyRows(const char* statement, const std::vector<T>& values, int16_t columns,
                      DirectConnection& connection, Duration deadline) {
  if (values.empty()) return absl::OkStatus();
  std::size_t next = 0;
  const auto add_rows = [&](BinaryRows& rows) {
    const std::size_t end = std::min(values.size(), next + kCopiedTogether);
    for (; next < end; ++next) AddRow(values[next], rows);
    return next < values.size();
  };
  return connection.Copy(statement, BinaryRows(columns), add_rows, deadline);
}

}  // namespace

absl::Status BookSession::Commit(const ViewKeys& keys, Duration timeout, const Decision& decide) {
  const std::lock_guard lock(mutex_);
  BookHealth::RunningCommit running(health_);
  absl::Status status = CommitWithin(database_.clock.MonotonicNow() + timeout, keys, decide);
  if (status.ok()) running.Succeeded();
  return status;
}

absl::Status BookSession::CommitWithin(Duration deadline, const ViewKeys& keys,
                                       const Decision& decide) {
  IdLookup lookup = lookups_left_ > 0 ? IdLookup::kLookUp : IdLookup::kAssumeNew;
  lookups_left_ = std::max(0, lookups_left_ - 1);
  for (int attempt = 1;; ++attempt) {
    const Mode mode = may_trust_ ? Mode::kOnTrust : Mode::kUnderLock;
    absl::Status status = Attempt(mode, lookup, keys, deadline, decide);
    const bool id_is_known = status.code() == absl::StatusCode::kAlreadyExists &&
                             lookup == IdLookup::kAssumeNew && connection_ != nullptr &&
                             connection_->violated_constraint() == sql::kTransfersKey;
    const bool book_moved_on = status.code() == absl::StatusCode::kAborted;
    EndTransaction(deadline);
    if (status.ok()) return status;
    if (id_is_known) {
      lookup = IdLookup::kLookUp;
      lookups_left_ = kLookupsAfterRepeat;
    } else {
      may_trust_ = false;
      if (!book_moved_on) Forget();
    }
    if (!id_is_known && !book_moved_on) return status;
    if (attempt == kMaxAttempts) return absl::UnavailableError(status.message());
  }
}

absl::Status BookSession::Attempt(Mode mode, IdLookup lookup, const ViewKeys& keys,
                                  Duration deadline, const Decision& decide) {
  JB_RETURN_IF_ERROR(Connect());
  if (mode == Mode::kUnderLock) JB_RETURN_IF_ERROR(LockAndFollow(deadline));
  if (guard_.has_value()) JB_RETURN_IF_ERROR(guard_->Check(head_.last_recorded));
  Changes changes;
  JB_ASSIGN_OR_RETURN(BookView view, DecideOnView(lookup, keys, deadline, decide, changes));
  if (changes.empty()) {  // not checked by a commit
    if (mode == Mode::kUnderLock) return absl::OkStatus();
    return ReadAt(head_, deadline, [](pqxx::transaction_base&) {});
  }
  BookHead next = HeadAfter(view, changes);
  JB_RETURN_IF_ERROR(Write(mode, next, view, changes, deadline));
  head_ = std::move(next);
  cache_.Absorb(std::move(view));
  return absl::OkStatus();
}

// Ids that were taken for new and are not written would never be found out: the decision is made
// again on what the book has of them.
absl::StatusOr<BookView> BookSession::DecideOnView(IdLookup lookup, const ViewKeys& keys,
                                                   Duration deadline, const Decision& decide,
                                                   Changes& changes) {
  JB_ASSIGN_OR_RETURN(BookView view, MakeView(keys, lookup, deadline));
  JB_RETURN_IF_ERROR(Decide(decide, view, changes));
  if (lookup == IdLookup::kLookUp || !changes.has_unwritten) return view;
  changes = {};
  return DecideOnView(IdLookup::kLookUp, keys, deadline, decide, changes);
}

// A view from memory may contradict itself: then it is decided again without what is remembered. A
// view that was read in one snapshot and still does means that the book is broken, and a ledger
// that goes on with it is worse than one that ends.
absl::Status BookSession::Decide(const Decision& decide, BookView& view, Changes& changes) {
  const bool is_read_whole = cache_.empty();
  absl::Status decided = decide(view, changes);
  if (decided.ok() && !changes.IsPossible()) decided = ViewContradictsItself();
  if (decided.code() == absl::StatusCode::kAborted) {
    JB_CHECK(!is_read_whole);
    Forget();
  }
  return decided;
}

absl::Status BookSession::Connect() {
  if (connection_ != nullptr) return absl::OkStatus();
  JB_ASSIGN_OR_RETURN(connection_, DirectConnection::Open(connection_options_, database_.clock));
  return absl::OkStatus();
}

absl::Status BookSession::LockAndFollow(Duration deadline) {
  StatementBatch batch;
  batch.Add(sql::kBegin);
  batch.Add(sql::kLockBook);
  DirectConnection::Rows rows;
  in_transaction_ = true;
  const Duration sent = database_.clock.MonotonicNow();
  JB_RETURN_IF_ERROR(connection_->Run(batch, deadline, &rows));
  if (rows.size() != 1) return absl::InternalError("the book has no head");
  if (guard_.has_value()) {
    const Time time = FromMicros(NumberIn(rows[0].back()));
    guard_->Learn(sent, time, database_.clock.MonotonicNow());
  }
  const BookHead now{.last_position = NumberIn(rows[0][0]),
                     .leaf_hash = FromByteaText(rows[0][1]),
                     .states_position = NumberIn(rows[0][2]),
                     .last_recorded = FromMicros(NumberIn(rows[0][3])),
                     .member_count = NumberIn(rows[0][4])};
  if (now.leaf_hash.empty()) return NotAdopted();
  // Alone again, or from the first: the next commit may do without the lock.
  may_trust_ = !knows_head_ || now.IsSameAs(head_);
  JB_RETURN_IF_ERROR(Follow(now, deadline));
  head_ = now;
  knows_head_ = true;
  return absl::OkStatus();
}

// Brings the cache from the head it is right for to `now`. A book that does not continue the one
// remembered (restored from a copy, or a stand-by that lost commits) is another book, of which
// nothing is known.
absl::Status BookSession::Follow(const BookHead& now, Duration deadline) {
  if (knows_head_ && now.IsSameAs(head_)) return absl::OkStatus();
  if (!knows_head_ || now.states_position > head_.last_position ||
      now.last_position <= head_.last_position ||
      now.last_position - head_.last_position > kMaxFollowed) {
    cache_.Clear();
    return absl::OkStatus();
  }
  return ReadAt(now, deadline, [&](pqxx::transaction_base& tx) {
    if (LeafAt(head_.last_position, tx) != head_.leaf_hash) {
      cache_.Clear();
      return;
    }
    for (const auto& row :
         tx.exec_params(sql::kTransfersSince, head_.last_position, kMaxFollowed)) {
      cache_.Follow(ReadTransfer(row));
    }
  });
}

absl::StatusOr<BookView> BookSession::MakeView(const ViewKeys& keys, IdLookup lookup,
                                               Duration deadline) {
  const auto empty_view = [this] {
    BookView view;
    view.last_position = head_.last_position;
    view.last_recorded = head_.last_recorded;
    view.member_count = head_.member_count;
    view.states_position = head_.states_position;
    // No earlier than the last decision: a replica whose clock runs behind must not revive a hold.
    view.now = std::max(database_.clock.Now(), head_.last_recorded);
    return view;
  };
  BookView view = empty_view();
  if (LoadView(keys, lookup, cache_, nullptr, view)) return view;
  JB_RETURN_IF_ERROR(ReadAt(head_, deadline, [&](pqxx::transaction_base& tx) {
    view = empty_view();
    LoadView(keys, lookup, cache_, &tx, view);
  }));
  return view;
}

// Reads the book as of `head`, all of it in one snapshot, outside of the writing transaction.
// ABORTED when the book is at another head: also under the lock, which the server may have taken
// away from a session that slept.
absl::Status BookSession::ReadAt(const BookHead& head, Duration deadline,
                                 const std::function<void(pqxx::transaction_base&)>& read) {
  const TransactionOptions options{.isolation = Isolation::kRepeatableReadReadOnly,
                                   .timeout = deadline - database_.clock.MonotonicNow(),
                                   .attempts = 1};
  return RunTransaction(database_, options, [&](pqxx::transaction_base& tx) {
    if (!ReadHead(tx.exec1(sql::kHead)).IsSameAs(head)) return BookMovedOn();
    read(tx);
    return absl::OkStatus();
  });
}

// A pipeline outside of a block is one transaction; a COPY, or the lock taken before, needs a
// block.
absl::Status BookSession::Write(Mode mode, const BookHead& next, const BookView& view,
                                const Changes& changes, Duration deadline) {
  if (mode == Mode::kOnTrust && changes.IsLoneTransfer()) {
    return WriteLone(changes.transfers[0], deadline);
  }
  const std::vector<Hold> holds = NewHolds(view, changes);
  const bool is_small = changes.transfers.size() + holds.size() <= kMaxRowsInPipeline;
  StatementBatch statements;
  if (mode == Mode::kOnTrust && !is_small) statements.Add(sql::kBegin);
  statements.Append(MakeStatements(head_, next, view, changes));
  if (is_small) {
    statements.Add(sql::kInsertTransfers.insert, AllRows(changes.transfers, kTransferColumns));
    statements.Add(sql::kInsertHolds.insert, AllRows(holds, kHoldColumns));
    if (mode == Mode::kUnderLock) statements.Add(sql::kCommit);
    JB_RETURN_IF_ERROR(connection_->RunSpinning(statements, deadline));
    in_transaction_ = false;
    return absl::OkStatus();
  }
  in_transaction_ = true;
  JB_RETURN_IF_ERROR(connection_->Run(statements, deadline));
  JB_RETURN_IF_ERROR(CopyRows(sql::kInsertTransfers.copy, changes.transfers, kTransferColumns,
                              *connection_, deadline));
  JB_RETURN_IF_ERROR(CopyRows(sql::kInsertHolds.copy, holds, kHoldColumns, *connection_, deadline));
  StatementBatch end;
  end.Add(sql::kCommit);
  JB_RETURN_IF_ERROR(connection_->Run(end, deadline));
  in_transaction_ = false;
  return absl::OkStatus();
}

absl::Status BookSession::WriteLone(const TransferRecord& record, Duration deadline) {
  BinaryRows row(kLoneTransferColumns);
  AddLoneRow(record, head_.leaf_hash, row);
  StatementBatch statement;
  statement.Add(sql::kInsertLoneTransfer, row);
  DirectConnection::Rows inserted;
  JB_RETURN_IF_ERROR(connection_->RunSpinning(statement, deadline, &inserted));
  return inserted.size() == 1 ? absl::OkStatus() : BookMovedOn();
}

// Rolls back what an attempt left open.
void BookSession::EndTransaction(Duration deadline) {
  if (in_transaction_ && connection_ != nullptr && connection_->is_usable()) {
    StatementBatch rollback;
    rollback.Add(sql::kRollback);
    static_cast<void>(connection_->Run(rollback, deadline));
  }
  in_transaction_ = false;
  if (connection_ != nullptr && !connection_->is_usable()) {
    connection_.reset();
    Forget();
  }
}

void BookSession::Forget() {
  cache_.Clear();
  knows_head_ = false;
  may_trust_ = false;
}

}  // namespace joulebook::ledger
