// The settings of a service's database, the same for all.
#pragma once

#include <string>

#include "common/config/settings.h"
#include "common/db/pool.h"

namespace joulebook {

struct DatabaseSettings {
  std::string database;
  std::string database_password;
  int64_t database_pool = 12;
  int64_t statement_timeout_ms = 5'000;

  // Declares them; this must outlive their parsing.
  void AddTo(Settings& settings);
  // The connection string, password included.
  std::string Connection() const;
  PoolOptions ForPool() const;
};

}  // namespace joulebook
