#include "common/testing/postgres.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/check.h"
#include "common/testing/process.h"

namespace joulebook {
namespace {

constexpr char kBinaries[] = "/usr/lib/postgresql/15/bin/";
constexpr char kUser[] = "postgres";
// Sends the signal $1 to all processes of the cluster in the directory $0.
constexpr char kSignalAll[] =
    "read -r main <$0/data/postmaster.pid; kill -$1 $main; "
    "kill -$1 $(cat /proc/$main/task/$main/children)";

// PostgreSQL refuses to run as root.
absl::Status RunAsPostgres(std::vector<std::string> command) {
  if (geteuid() == 0) command.insert(command.begin(), {"runuser", "-u", kUser, "--"});
  return RunCommand(command).status();
}

}  // namespace

absl::StatusOr<std::unique_ptr<PostgresServer>> PostgresServer::Start() {
  std::unique_ptr<PostgresServer> server(new PostgresServer(MakeTempDir()));
  JB_RETURN_IF_ERROR(
      RunAsPostgres({absl::StrCat(kBinaries, "initdb"), "-D", server->directory_ + "/data", "-U",
                     kUser, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"}));
  JB_RETURN_IF_ERROR(server->StartAgain());
  return server;
}

absl::Status PostgresServer::StartAgain() {
  return RunAsPostgres({absl::StrCat(kBinaries, "pg_ctl"), "-D", directory_ + "/data", "-l",
                        directory_ + "/log", "-w", "-o",
                        absl::StrCat("-k ", directory_,
                                     " -c listen_addresses='' -c "
                                     "max_connections=200 -c shared_buffers=256MB"),
                        "start"});
}

void PostgresServer::StopImmediately() {
  const absl::Status ignored = RunAsPostgres(
      {absl::StrCat(kBinaries, "pg_ctl"), "-D", directory_ + "/data", "-m", "immediate", "stop"});
  static_cast<void>(ignored);  // Stopped already is as good.
}

void PostgresServer::SignalAll(const std::string& signal) const {
  const absl::Status signalled =
      RunCommand({"bash", "-c", kSignalAll, directory_, signal}).status();
  JB_CHECK(signalled.ok());
}

PostgresServer::~PostgresServer() {
  StopImmediately();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::string PostgresServer::Connection(const std::string& database) const {
  return absl::StrCat("host=", directory_, " user=", kUser, " dbname=", database);
}

absl::Status PostgresServer::CreateDatabase(const std::string& name) const {
  return RunCommand(
             {"psql", "-q", "-X", "-d", Connection(), "-c", absl::StrCat("CREATE DATABASE ", name)})
      .status();
}

PostgresServer& SharedPostgres() {
  static PostgresServer& server = *[] {
    auto started = PostgresServer::Start();
    if (!started.ok()) std::fprintf(stderr, "%s\n", started.status().ToString().c_str());
    JB_CHECK(started.ok());
    static std::unique_ptr<PostgresServer> owner = *std::move(started);
    return owner.get();
  }();
  return server;
}

std::string MakeTestDatabase() {
  static std::atomic<int> next = 1;
  const std::string name = absl::StrCat("test_", next++);
  JB_CHECK(SharedPostgres().CreateDatabase(name).ok());
  return SharedPostgres().Connection(name);
}

}  // namespace joulebook
