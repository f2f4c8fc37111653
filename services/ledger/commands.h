// What ledgerd does when it is called with a word instead of serving.
#pragma once

#include <string>
#include <vector>

#include "services/ledger/config.h"

namespace joulebook::ledger {

// Brings the schema up to date.
absl::Status MigrateBook(const Config& config);

// Checks the whole book in the database, without a server: progress to standard error, the result
// to standard output. DATA_LOSS with the first difference if there is one.
absl::Status RunBooksCheck(const Config& config);

// Prints a new signing key of the log. The one argument is the log's name (its origin).
absl::Status PrintNewLogKey(const std::vector<std::string>& arguments);

// Prints the public halves of the configured signing keys, which verifiers need.
absl::Status PrintLogVerifierKeys(const Config& config);

}  // namespace joulebook::ledger
