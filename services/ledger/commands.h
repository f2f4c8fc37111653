// What ledgerd does when it is called with a word instead of serving.
#pragma once

#include "services/ledger/config.h"

namespace joulebook::ledger {

// Checks the whole book in the database, without a server: progress to standard error, the result
// to standard output. DATA_LOSS with the first difference if there is one.
absl::Status RunBooksCheck(const Config& config);

}  // namespace joulebook::ledger
