#include "common/db/database_settings.h"

#include "absl/strings/str_cat.h"

namespace joulebook {

void DatabaseSettings::AddTo(Settings& settings) {
  settings.Text("database", &database, "PostgreSQL connection string");
  settings.Secret("database-password", &database_password, "password of the connection's user");
  settings.Integer("database-pool", &database_pool, {2, 256}, "connections at most");
  settings.Integer("statement-timeout-ms", &statement_timeout_ms, {100, 600'000},
                   "longest single statement");
}

std::string DatabaseSettings::Connection() const {
  if (database_password.empty()) return database;
  std::string quoted;
  for (const char c : database_password) {
    if (c == '\'' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return absl::StrCat(database, " password='", quoted, "'");
}

PoolOptions DatabaseSettings::ForPool() const {
  return {.connection = Connection(),
          .size = static_cast<int>(database_pool),
          .limits = {.statement_timeout = std::chrono::milliseconds(statement_timeout_ms)}};
}

}  // namespace joulebook
