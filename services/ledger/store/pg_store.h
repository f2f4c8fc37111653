// The book in PostgreSQL.
#pragma once

#include <memory>
#include <optional>

#include "common/db/direct_connection.h"
#include "common/db/migrate.h"
#include "common/db/transaction.h"
#include "services/ledger/store/clock_guard.h"
#include "services/ledger/store/store.h"

namespace joulebook::ledger {

inline constexpr char kSchema[] = "ledger";

// All migrations of the schema, in order.
std::span<const Migration> Migrations();

struct PgStoreOptions {
  // For the writer, and one more for its health, beside the pool's connections.
  DirectConnection::Options connection;
  // The longest commit.
  Duration commit_timeout = std::chrono::seconds(5);
  // Compares the clocks before each commit. Without it the store believes database.clock.
  std::optional<ClockGuard> guard;
  // Accounts, holds and members that the writer remembers, of each at most.
  std::size_t cached_items = 200'000;
};

// The objects that `database` refers to must outlive the store.
std::unique_ptr<Store> MakePgStore(const Database& database, PgStoreOptions options);

}  // namespace joulebook::ledger
