// The main function of every service: settings, the commands, signals, exit codes.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "common/config/settings.h"
#include "common/db/migrate.h"

namespace joulebook {

// Commands: none (serve), `migrate`, `healthcheck`, and the service's own. Flags beside the
// settings: --version, --check-config (prints the effective settings and judges them as serving
// would), --settings-reference (prints the Markdown table).
struct ServiceMain {
  std::string name;
  Settings& settings;
  // INVALID_ARGUMENT for settings that do not go together.
  std::function<absl::Status()> validate;
  std::function<absl::Status()> migrate;
  // The service's own commands by name; each gets the words after it.
  std::map<std::string, std::function<absl::Status(const std::vector<std::string>&)>> commands = {};
  // The address that `healthcheck` asks.
  std::function<std::string()> listen_address;
  // Starts, calls `wait_for_signal` (which returns at SIGTERM or SIGINT), stops.
  std::function<absl::Status(const std::function<void()>& wait_for_signal)> serve;
};

// The command `migrate` of a service's schema, with its line in the log.
absl::Status MigrateSchema(const std::string& connection, const std::string& schema,
                           std::span<const Migration> migrations);

// The process's exit code: 0 done, 1 failed, 2 the settings are wrong.
int RunServiceMain(const ServiceMain& service, int argc, char** argv);

}  // namespace joulebook
