// Takes into the log what a book held before everything in it was logged (ADR 0016).
#pragma once

#include "common/db/transaction.h"
#include "common/status/status.h"

namespace joulebook::ledger {

// Under the book's lock, in one transaction: a record for each member, account, state and change of
// reputation that the log has not got yet. Once for each book; how many records it wrote, 0 when it
// was done before. DATA_LOSS when a member's reputation is not the one that its history leads to.
absl::StatusOr<int64_t> AdoptBook(const Database& database);

// FAILED_PRECONDITION before AdoptBook.
absl::Status CheckAdopted(const Database& database);

}  // namespace joulebook::ledger
