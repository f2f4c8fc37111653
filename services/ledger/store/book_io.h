// The book's head, and the two halves of a commit: making the view that a decision looks at, and
// turning what it decided into statements.
#pragma once

#include <pqxx/transaction_base>

#include "common/db/direct_connection.h"
#include "services/ledger/store/book_cache.h"

namespace joulebook::ledger {

// The row of kHead or kLockBook.
BookHead ReadHead(const pqxx::row& row);
// FAILED_PRECONDITION: what is said of a head without a hash, which a migration that ended half way
// leaves behind.
absl::Status NotAdopted();
// The leaf hash of the record at that position; empty where there is none, or none is stored.
std::string LeafAt(int64_t position, pqxx::transaction_base& tx);

// Whether to look up the keys' ids that may have been decided before.
enum class IdLookup { kAssumeNew, kLookUp };

// Fills the view with what the keys name and what that refers to, from the cache where it can.
// Without a transaction it gives up, and says false, at the first thing that needs the database.
bool LoadView(const ViewKeys& keys, IdLookup lookup, BookCache& cache,
              pqxx::transaction_base* transaction, BookView& view);

// The book's head once the changes, which are not empty, are written. Hashes the leaf of the last
// of them.
BookHead HeadAfter(const BookView& view, Changes& changes);

// A commit's changes but for the new rows of the big tables. The first statement fails when the
// book has moved on.
StatementBatch MakeStatements(const BookHead& expected, const BookHead& next, const BookView& view,
                              const Changes& changes);

// The holds that the changes make, in id order.
std::vector<Hold> NewHolds(const BookView& view, const Changes& changes);

}  // namespace joulebook::ledger
