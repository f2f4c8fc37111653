// A bounded pool of PostgreSQL connections. Connections open when first needed and are dropped, not
// reused, after a failure that may have broken them. Each use has an end on this side too, also
// when the server is silent.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <pqxx/connection>
#include <string>
#include <vector>

#include "common/db/connection_limits.h"
#include "common/db/socket_watch.h"
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
    Lease(Pool& pool, std::unique_ptr<pqxx::connection> connection, SocketWatch::Guard guard)
        : pool_(&pool), connection_(std::move(connection)), guard_(std::move(guard)) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();

    pqxx::connection& connection() { return *connection_; }
    // Closes the connection instead of returning it.
    void Discard();

   private:
    Pool* pool_;
    std::unique_ptr<pqxx::connection> connection_;
    std::optional<SocketWatch::Guard> guard_;
    bool discarded_ = false;
  };

  explicit Pool(PoolOptions options) : options_(std::move(options)) {}

  // Waits up to `timeout` for a free connection. RESOURCE_EXHAUSTED when none came free,
  // UNAVAILABLE when the database cannot be reached. The connection is cut, and each use of it
  // fails, when it is not back a `statement_timeout` after `timeout`: the server's own limits come
  // first.
  absl::StatusOr<Lease> Acquire(Duration timeout);

  // Whether the database answers a trivial query now.
  absl::Status Ping();

  // From now on no connection that is in use is so for more than `longest`. For a service that
  // stops.
  void LimitUse(Duration longest) { watch_.Limit(longest); }

 private:
  absl::StatusOr<std::unique_ptr<pqxx::connection>> Connect() const;
  void Return(std::unique_ptr<pqxx::connection> connection);

  const PoolOptions options_;
  SocketWatch watch_;
  std::mutex mutex_;
  std::condition_variable freed_;
  int in_use_ = 0;
  std::vector<std::unique_ptr<pqxx::connection>> idle_;
};

}  // namespace joulebook
