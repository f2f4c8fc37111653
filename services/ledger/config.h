// The ledger's settings.
#pragma once

#include <string>

#include "common/db/database_settings.h"
#include "common/rpc/server.h"

namespace joulebook::ledger {

struct Config {
  ServerConfig server{.listen = "127.0.0.1:7101"};
  std::string metrics_listen = "127.0.0.1:7201";
  DatabaseSettings database{.database = "host=127.0.0.1 dbname=joulebook user=ledger"};
  int64_t call_timeout_ms = 10'000;
  int64_t read_threads = 4;
  int64_t read_queue = 256;
  int64_t write_threads = 16;
  int64_t write_queue = 256;
  int64_t transfer_queue = int64_t{16} * 8'190;
  int64_t transfer_queue_bytes = int64_t{128} * 1024 * 1024;
  int64_t group_items = 8'190;
  int64_t commit_timeout_ms = 5'000;
  int64_t max_clock_skew_ms = 1'000;
  int64_t commit_spin_us = 500;
  int64_t cached_items = 200'000;
  int64_t expiry_interval_ms = 250;
  int64_t expiry_batch = 1'000;
  std::string log_keys;
  std::string log_memory_file;
  std::string quote_keys;
  int64_t seal_interval_ms = 1'000;
  int64_t seal_lease_ms = 5'000;
  int64_t seal_leaves = 65'536;
  int64_t transfer_streams = 64;
  int64_t watch_streams = 256;
  int64_t watch_poll_ms = 100;
  int64_t books_check_timeout_ms = 3'600'000;
  int64_t unread_stream_timeout_ms = 10'000;

  // Declares all settings; this must outlive their parsing.
  void AddTo(Settings& settings);
  // INVALID_ARGUMENT for settings that do not go together.
  absl::Status Validate() const;
};

}  // namespace joulebook::ledger
