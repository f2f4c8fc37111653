// The commands of ledgerd: its work when it is called with a word instead of serving.
#pragma once

#include "services/ledger/config.h"

namespace joulebook::ledger {

// Brings the schema up to date, and takes what the book holds into its log where it is not there
// yet.
absl::Status RunMigration(const Config& config);

// Writes the newest checkpoint of the database, which a key of log-keys must have signed, to
// log-memory-file, which must not be there yet. Errors are those of LogSealer::Adopt.
absl::Status AdoptCheckpoint(const Config& config);

// Checks the whole book in the database, without a server: progress to standard error, the result
// to standard output. DATA_LOSS with the first difference if there is one.
absl::Status RunBooksCheck(const Config& config);

}  // namespace joulebook::ledger
