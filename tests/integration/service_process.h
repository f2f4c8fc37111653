// A real service on a real database, as a process, and calls to it.
#pragma once

#include <string>
#include <vector>

#include "common/rpc/client.h"
#include "common/testing/process.h"
#include "common/time/timers.h"

namespace joulebook {

// The path of a built program.
std::string BinaryPath(const std::string& name);

// Migrates the schema of `service` (by its program, SERVICEd), and creates the login role SERVICE
// with the service's rights; the service's connection string.
std::string PrepareSchema(const std::string& service, const std::string& superuser_connection);

// Whether the condition comes true within a quarter of a minute.
template <typename Condition>
bool Eventually(const Condition& condition) {
  SystemClock clock;
  ThreadSleeper sleeper;
  const Duration end = clock.MonotonicNow() + std::chrono::seconds(15);
  while (clock.MonotonicNow() < end) {
    if (condition()) return true;
    sleeper.SleepFor(std::chrono::milliseconds(50));
  }
  return false;
}

class ServiceProcess {
 public:
  // Starts the program on free ports and waits until it listens. The error holds its log.
  static absl::StatusOr<ServiceProcess> Start(const std::string& program,
                                              const std::string& connection,
                                              const std::vector<std::string>& flags);

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int port() const { return port_; }
  int metrics_port() const { return metrics_port_; }
  Process& process() { return process_; }

  // A stub of the service.
  template <typename Service>
  std::unique_ptr<typename Service::Stub> StubOf(const ClientOptions& options) const {
    ClientOptions effective = options;
    effective.target = address();
    return Service::NewStub(MakeChannel(effective));
  }

 private:
  ServiceProcess(Process process, int port, int metrics_port)
      : process_(std::move(process)), port_(port), metrics_port_(metrics_port) {}
  Process process_;
  int port_;
  int metrics_port_;
};

// Tells the service to stop; whether it ends well, within half a minute: gRPC's idle clients take 5
// s to notice that a server says goodbye.
bool StopsSoon(Process& process);

// The answer to GET /metrics at the port.
absl::StatusOr<std::string> ReadMetrics(int port);

// Waits until so many calls of the method are under way, by the service's metrics. Errors:
// DEADLINE_EXCEEDED after a quarter of a minute.
absl::Status AwaitCalls(int metrics_port, const std::string& method, int count);

}  // namespace joulebook
