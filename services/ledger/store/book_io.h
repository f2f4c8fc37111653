// The two halves of a commit: loading a view under the book's lock, and writing what was decided.
#pragma once

#include <pqxx/transaction_base>

#include "services/ledger/domain/book.h"

namespace joulebook::ledger {

// Takes the book's lock and loads what the keys name, with what that refers to.
BookView LoadView(const ViewKeys& keys, Time now, pqxx::transaction_base& transaction);

void WriteChanges(const BookView& view, const Changes& changes,
                  pqxx::transaction_base& transaction);

}  // namespace joulebook::ledger
