// Costing's settings.
#pragma once

#include <string>

#include "common/db/database_settings.h"
#include "common/rpc/server.h"

namespace joulebook::costing {

struct Config {
  ServerConfig server{.listen = "127.0.0.1:7102"};
  std::string metrics_listen = "127.0.0.1:7202";
  DatabaseSettings database{.database = "host=127.0.0.1 dbname=joulebook user=costing"};
  int64_t call_timeout_ms = 10'000;
  int64_t read_threads = 4;
  int64_t read_queue = 256;
  int64_t write_threads = 4;
  int64_t write_queue = 256;
  int64_t quote_streams = 64;
  int64_t rerate_streams = 16;
  int64_t unread_stream_timeout_ms = 10'000;
  std::string quote_keys;
  int64_t sign_gather_us = 200;
  std::string tariff = "constants";
  int64_t quote_validity_ms = 900'000;
  int64_t quote_ahead_ms = 82'800'000;
  int64_t notice_period_ms = 86'400'000;
  int64_t refresh_interval_ms = 1'000;
  int64_t refresh_max_age_ms = 10'000;
  int64_t proof_window_ms = 300'000;

  // Declares all settings; this must outlive their parsing.
  void AddTo(Settings& settings);
  // INVALID_ARGUMENT for settings that do not go together.
  absl::Status Validate() const;
};

}  // namespace joulebook::costing
