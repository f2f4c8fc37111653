// A real ledgerd on a real database, and a client to it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/rpc/client.h"
#include "common/rpc/status_conversion.h"
#include "common/testing/process.h"
#include "joulebook/ledger/v1/ledger_service.grpc.pb.h"

namespace joulebook::ledger {

// Creates the login role `ledger` with the service's rights, and migrates; the service's
// connection string.
std::string PrepareBook(const std::string& superuser_connection);

class LedgerProcess {
 public:
  // Starts ledgerd on free ports and waits until it listens. The error holds its log.
  static absl::StatusOr<LedgerProcess> Start(const std::string& connection,
                                             const std::vector<std::string>& flags = {});

  std::unique_ptr<v1::LedgerService::Stub> Stub(const ClientOptions& options = {}) const;
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int port() const { return port_; }
  int metrics_port() const { return metrics_port_; }
  Process& process() { return process_; }

 private:
  LedgerProcess(Process process, int port, int metrics_port)
      : process_(std::move(process)), port_(port), metrics_port_(metrics_port) {}
  Process process_;
  int port_;
  int metrics_port_;
};

// One unary call with a deadline; the response, or the error with its reason.
template <typename Response, typename Stub, typename Request>
absl::StatusOr<Response> Call(Stub& stub,
                              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                           Response*),
                              const Request& request, const std::string& token = "",
                              Duration timeout = std::chrono::seconds(20)) {
  grpc::ClientContext context;
  PrepareCall(context, timeout, token);
  Response response;
  JB_RETURN_IF_ERROR(FromGrpcStatus((stub.*method)(&context, request, &response)));
  return response;
}

// The path of a built program.
std::string BinaryPath(const std::string& name);

}  // namespace joulebook::ledger
