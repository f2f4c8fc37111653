// A gRPC server of the suite: TLS, limits, metrics, reflection, health that follows a probe, drain.
#pragma once

#include <grpcpp/server.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/settings.h"
#include "common/metrics/metrics.h"
#include "common/rpc/auth.h"
#include "common/time/timers.h"

namespace joulebook {

// The settings that every service has; AddTo declares them.
struct ServerConfig {
  std::string listen = "127.0.0.1:0";
  bool allow_plaintext = false;
  std::string tls_certificate;
  std::string tls_key;
  std::string tls_client_ca;
  std::string tokens;
  bool allow_anonymous = false;
  int64_t max_message_bytes = int64_t{16} * 1024 * 1024;
  int64_t max_metadata_bytes = int64_t{16} * 1024;
  int64_t max_concurrent_streams = 1024;
  int64_t drain_timeout_ms = 10'000;
  int64_t health_interval_ms = 500;

  void AddTo(Settings& settings);
  // INVALID_ARGUMENT when plaintext or anonymous access would leave the machine without having been
  // asked for by name, or when a key comes without its certificate.
  absl::Status Validate() const;
};

// Decides whether a call may go on.
class Gate {
 public:
  // With `allow_anonymous` and no tokens every caller has all roles.
  static absl::StatusOr<Gate> Make(const ServerConfig& config, std::string domain, Clock& clock);

  // The caller behind the metadata "authorization: Bearer TOKEN", if it has the role `needed`.
  // UNAUTHENTICATED or PERMISSION_DENIED with a reason (see auth.h).
  absl::StatusOr<Identity> Admit(const grpc::ServerContextBase& context, Role needed) const;
  // Whether one that was admitted still is: for each message of a long call.
  absl::Status Readmit(const Identity& identity) const;

  const std::string& domain() const { return domain_; }

 private:
  Gate(TokenTable tokens, bool open, std::string domain, Clock& clock)
      : tokens_(std::move(tokens)), open_(open), domain_(std::move(domain)), clock_(&clock) {}
  TokenTable tokens_;
  bool open_;
  std::string domain_;
  Clock* clock_;
};

// The time that `context`'s caller still gives us; `longest` at most.
Duration TimeLeft(const grpc::ServerContextBase& context, Duration longest);

class RpcServer {
 public:
  struct Options {
    ServerConfig config;
    // Full names, for metrics and health.
    std::vector<std::string> service_names;
    // The domain of the errors that the server itself answers, for example "ledger.joulebook".
    std::string error_domain;
    // Health is SERVING while this says OK.
    std::function<absl::Status()> probe;
  };

  // Serves `services` (which must outlive the server) from now on. INVALID_ARGUMENT for settings
  // that do not work, UNAVAILABLE when the address cannot be bound.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(
      Options options, const std::vector<grpc::Service*>& services, Metrics& metrics, Clock& clock,
      Timers& timers);
  ~RpcServer();

  int port() const { return port_; }
  // Answers NOT_SERVING from now on; running calls go on.
  void BeginDrain();
  // Refuses new calls, waits for running ones up to the drain timeout, ends what is left.
  void Shutdown();

 private:
  RpcServer() = default;
  void UpdateHealth();

  Options options_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  std::atomic<bool> draining_ = false;
  bool was_serving_ = false;
  std::unique_ptr<Timers::Handle> health_timer_;
};

}  // namespace joulebook
