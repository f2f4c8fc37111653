// The one way to talk to the database: a transaction that is retried where that is safe.
#pragma once

#include <functional>
#include <pqxx/transaction_base>

#include "common/db/pool.h"
#include "common/ids/random.h"
#include "common/time/timers.h"

namespace joulebook {

enum class Isolation {
  kReadCommitted,           // for writes that lock what they read
  kRepeatableReadReadOnly,  // one snapshot for reads of several statements
};

struct TransactionOptions {
  Isolation isolation = Isolation::kReadCommitted;
  // For all attempts together, waiting for a connection included: none begins later, and none goes
  // on for longer than a `statement_timeout` after it.
  Duration timeout = std::chrono::seconds(5);
  // Attempts at most; only 40001 and 40P01 are repeated.
  int attempts = 5;
};

// The dependencies of RunTransaction; all must outlive it.
struct Database {
  Pool& pool;
  Clock& clock;
  Random& random;
  Sleeper& sleeper;
};

// Runs `body` in a transaction and commits it when `body` returns OK; else rolls back and returns
// the error. `body` may run several times, so it must not change anything outside but its own
// results. Exceptions of libpqxx that leave `body` become a status here (see sqlstate.h), any other
// std::exception INTERNAL. A commit whose fate is unknown gives UNAVAILABLE and is never retried.
absl::Status RunTransaction(const Database& database, const TransactionOptions& options,
                            const std::function<absl::Status(pqxx::transaction_base&)>& body);

}  // namespace joulebook
