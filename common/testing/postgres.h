// Real PostgreSQL for tests: a private cluster on a Unix socket of its own and a database per test.
#pragma once

#include <memory>
#include <string>

#include "common/status/status.h"

namespace joulebook {

// A cluster in a temporary directory, run as an unprivileged user, fsync on. Stopped and removed
// when destroyed.
class PostgresServer {
 public:
  static absl::StatusOr<std::unique_ptr<PostgresServer>> Start();
  ~PostgresServer();

  // Ends all its processes at once, without a checkpoint.
  void StopImmediately();
  absl::Status StartAgain();
  // Stops all its processes where they are (SIGSTOP), or lets them go on: a silent server.
  void Pause() { SignalAll("STOP"); }
  void Resume() { SignalAll("CONT"); }
  // Connection string of the superuser for `database`.
  std::string Connection(const std::string& database = "postgres") const;
  // Creates an empty database of this name.
  absl::Status CreateDatabase(const std::string& name) const;

 private:
  explicit PostgresServer(std::string directory) : directory_(std::move(directory)) {}
  void SignalAll(const std::string& signal) const;
  std::string directory_;
};

// The cluster that all tests of this process share; started at first use.
PostgresServer& SharedPostgres();

// An empty database in the shared cluster, dropped with the cluster; its connection string.
std::string MakeTestDatabase();

}  // namespace joulebook
