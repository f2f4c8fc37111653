// A bounded pool of PostgreSQL connections. Connections open when first needed and are dropped, not
// reused, after a failure that may have broken them.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <pqxx/connection>
#include <string>
#include <vector>

#include "common/db/connection_limits.h"
#include "common/status/status.h"
#include "common/time/clock.h"

namespace joulebook {

struct PoolOptions {
  // libpq's "key=value ..." or URI form.
  std::string connection;
  // Connections at most, 1 or more.
  int size = 8;
  ConnectionLimits limits;
};

// Thread-safe. Must outlive its leases.
class Pool {
 public:
  // A connection for one user; goes back to the pool when destroyed, unless discarded.
  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<pqxx::connection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();

    pqxx::connection& connection() { return *connection_; }
    // Closes the connection instead of returning it.
    void Discard();

   private:
    Pool* pool_;
    std::unique_ptr<pqxx::connection> connection_;
    bool discarded_ = false;
  };

  explicit Pool(PoolOptions options) : options_(std::move(options)) {}

  // Waits up to `timeout` for a free connection. RESOURCE_EXHAUSTED when none came free,
  // UNAVAILABLE when the database cannot be reached.
  absl::StatusOr<Lease> Acquire(Duration timeout);

  // Whether the database answers a trivial query now.
  absl::Status Ping();

 private:
  absl::StatusOr<std::unique_ptr<pqxx::connection>> Connect() const;
  void Return(std::unique_ptr<pqxx::connection> connection);

  const PoolOptions options_;
  std::mutex mutex_;
  std::condition_variable freed_;
  int in_use_ = 0;
  std::vector<std::unique_ptr<pqxx::connection>> idle_;
};

}  // namespace joulebook
