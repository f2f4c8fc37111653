// Forward-only schema migrations: plain numbered SQL, each applied once, in order, in a transaction
// of its own, under an advisory lock, and remembered with its checksum in SCHEMA.schema_migrations.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/db/pool.h"

namespace joulebook {

struct Migration {
  // "0001_create_book": four digits and what it does.
  std::string_view name;
  std::string_view sql;
};

struct MigrateLimits {
  // Longest wait for a table that somebody uses. All that comes meanwhile waits behind us, so this
  // is also how long one long reader can make everybody stand still.
  Duration table_lock = std::chrono::seconds(5);
  // Longest wait for another migration of the schema to end.
  Duration other_migration = std::chrono::minutes(5);
};

// Applies what is missing and returns how many were applied. FAILED_PRECONDITION when the database
// holds a migration that is unknown here or has another checksum; UNAVAILABLE when it cannot be
// reached or a limit has passed: the migrations before that one stay, and it may be repeated.
absl::StatusOr<int> Migrate(const std::string& connection, const std::string& schema,
                            std::span<const Migration> migrations,
                            const MigrateLimits& limits = {});

// FAILED_PRECONDITION unless exactly these migrations are applied.
absl::Status CheckMigrated(Pool& pool, const std::string& schema,
                           std::span<const Migration> migrations);

}  // namespace joulebook
