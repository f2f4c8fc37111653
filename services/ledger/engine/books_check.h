// The check of the whole book: everything derived anew from the log's records, and the tree over
// them compared.
#pragma once

#include <functional>

#include "services/ledger/domain/audit.h"
#include "services/ledger/domain/quote_audit.h"
#include "services/ledger/store/log_store.h"

namespace joulebook::ledger {

// Records of the log.
struct BooksProgress {
  int64_t checked = 0;
  int64_t total = 0;
  int64_t sealed = 0;
};

// Checks one snapshot of the book. `progress` is called after every few thousand records or rows;
// when it says false the check ends with CANCELLED, and after `timeout` with DEADLINE_EXCEEDED. The
// first difference, or nothing; other errors are those of the store.
absl::StatusOr<Difference> CheckBooks(LogStore& store, const ReadPricedUse& read_quote,
                                      Duration timeout,
                                      const std::function<bool(const BooksProgress&)>& progress);

}  // namespace joulebook::ledger
