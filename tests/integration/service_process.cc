#include "tests/integration/service_process.h"

#include <signal.h>

#include <cstdlib>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/status/check.h"
#include "common/time/timers.h"

namespace joulebook {
namespace {

constexpr char kCreateLogin[] =
    "DO $$ BEGIN CREATE ROLE SERVICE LOGIN IN ROLE joulebook_SERVICE; EXCEPTION WHEN "
    "duplicate_object OR unique_violation THEN NULL; END $$";

// The sum of the values of the metric's lines that name the method.
int Sum(const std::string& metrics, const std::string& name, const std::string& method) {
  int sum = 0;
  std::istringstream lines(metrics);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name) && line.find('"' + method + '"') != std::string::npos) {
      sum += std::stoi(line.substr(line.rfind(' ')));
    }
  }
  return sum;
}

int NumberAfter(const std::string& log, const std::string& key) {
  const std::size_t start = log.find(key);
  return start == std::string::npos ? 0 : std::atoi(log.c_str() + start + key.size());
}

}  // namespace

std::string BinaryPath(const std::string& name) {
  return absl::StrCat(JOULEBOOK_BINARY_DIR, "/bin/", name);
}

std::string PrepareSchema(const std::string& service, const std::string& superuser_connection) {
  const auto migrated =
      RunCommand({BinaryPath(service + "d"), "migrate", "--database", superuser_connection});
  if (!migrated.ok()) std::fprintf(stderr, "%s\n", migrated.status().ToString().c_str());
  JB_CHECK(migrated.ok());
  const std::string create = absl::StrReplaceAll(kCreateLogin, {{"SERVICE", service}});
  JB_CHECK(RunCommand({"psql", "-q", "-X", "-d", superuser_connection, "-c", create}).ok());
  return absl::StrReplaceAll(superuser_connection, {{"user=postgres", "user=" + service}});
}

absl::StatusOr<ServiceProcess> ServiceProcess::Start(const std::string& program,
                                                     const std::string& connection,
                                                     const std::vector<std::string>& flags) {
  std::vector<std::string> command = {BinaryPath(program), "--database",  connection,
                                      "--listen",          "127.0.0.1:0", "--metrics-listen",
                                      "127.0.0.1:0"};
  command.insert(command.end(), flags.begin(), flags.end());
  JB_ASSIGN_OR_RETURN(Process process,
                      Process::Start(command, absl::StrCat(MakeTempDir(), "/", program, ".log")));
  JB_ASSIGN_OR_RETURN(const std::string log,
                      process.WaitForLog("\"msg\":\"listening\"", std::chrono::seconds(60)));
  const int port = NumberAfter(log, "\"port\":");
  const int metrics_port = NumberAfter(log, "\"metrics_port\":");
  return ServiceProcess(std::move(process), port, metrics_port);
}

bool StopsSoon(Process& process) {
  SystemClock clock;
  const Duration start = clock.MonotonicNow();
  process.Signal(SIGTERM);
  return process.Wait() == 0 && clock.MonotonicNow() - start < std::chrono::seconds(30);
}

absl::StatusOr<std::string> ReadMetrics(int port) {
  return RunCommand(
      {"bash", "-c",
       "exec 3<>/dev/tcp/127.0.0.1/$0; printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3; "
       "cat <&3",
       std::to_string(port)});
}

absl::Status AwaitCalls(int metrics_port, const std::string& method, int count) {
  const bool are_under_way = Eventually([&] {
    const auto metrics = ReadMetrics(metrics_port);
    return metrics.ok() && Sum(*metrics, "grpc_server_started_total", method) -
                                   Sum(*metrics, "grpc_server_handled_total", method) ==
                               count;
  });
  if (are_under_way) return absl::OkStatus();
  return absl::DeadlineExceededError(absl::StrCat("no ", count, " calls of ", method));
}

}  // namespace joulebook
