// One writer's session with the book: its connection, and what it remembers.
//
// A session that wrote the last record decides on what it remembers, without a lock, and commits
// in one round trip; the commit fails if another writer came between. Then, and for as long as
// others write too, it takes the book's lock first, follows what they wrote, and decides under the
// lock. A book that does not continue the one it remembers makes it forget (ADR 0016). Either way a
// commit is one transaction behind the one lock, so positions have no gaps (ADR 0007). Every read
// for a decision is of the very head that is remembered, so that a view is never a mixture of two.
#pragma once

#include <memory>
#include <mutex>

#include "common/db/transaction.h"
#include "services/ledger/store/book_health.h"
#include "services/ledger/store/book_io.h"
#include "services/ledger/store/store.h"

namespace joulebook::ledger {

// Thread-safe: one commit at a time.
class BookSession {
 public:
  // The objects that the arguments refer to must outlive the session.
  BookSession(const Database& database, DirectConnection::Options connection,
              std::optional<ClockGuard> guard, BookHealth& health, std::size_t cached_items)
      : database_(database),
        connection_options_(std::move(connection)),
        guard_(std::move(guard)),
        health_(health),
        cache_(cached_items) {}

  // See Store::Commit.
  absl::Status Commit(const ViewKeys& keys, Duration timeout, const Decision& decide);

 private:
  enum class Mode { kOnTrust, kUnderLock };

  absl::Status CommitWithin(Duration deadline, const ViewKeys& keys, const Decision& decide);
  absl::Status Attempt(Mode mode, IdLookup lookup, const ViewKeys& keys, Duration deadline,
                       const Decision& decide);
  absl::StatusOr<BookView> DecideOnView(IdLookup lookup, const ViewKeys& keys, Duration deadline,
                                        const Decision& decide, Changes& changes);
  absl::Status Decide(const Decision& decide, BookView& view, Changes& changes);
  absl::Status Connect();
  absl::Status LockAndFollow(Duration deadline);
  absl::Status Follow(const BookHead& now, Duration deadline);
  absl::StatusOr<BookView> MakeView(const ViewKeys& keys, IdLookup lookup, Duration deadline);
  absl::Status ReadAt(const BookHead& head, Duration deadline,
                      const std::function<void(pqxx::transaction_base&)>& read);
  absl::Status Write(Mode mode, const BookHead& next, const BookView& view, const Changes& changes,
                     Duration deadline);
  absl::Status WriteLone(const TransferRecord& record, Duration deadline);
  void EndTransaction(Duration deadline);
  void Forget();

  const Database database_;
  const DirectConnection::Options connection_options_;
  std::optional<ClockGuard> guard_;
  BookHealth& health_;

  std::mutex mutex_;
  std::unique_ptr<DirectConnection> connection_;
  bool in_transaction_ = false;
  BookCache cache_;
  BookHead head_;  // what the cache is right for
  bool knows_head_ = false;
  bool may_trust_ = false;  // nobody else has written lately
  int lookups_left_ = 0;    // commits that look ids up before they try
};

}  // namespace joulebook::ledger
