// Channels to the suite's services for internal clients: deadlines, retries of UNAVAILABLE, TLS.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <memory>
#include <string>

#include "common/rpc/status_conversion.h"
#include "common/time/clock.h"

namespace joulebook {

struct ClientOptions {
  std::string target;
  // PEM; with a CA the channel uses TLS, with certificate and key it shows who it is.
  std::string tls_ca;
  std::string tls_certificate;
  std::string tls_key;
  int max_message_bytes = 16 * 1024 * 1024;
};

// UNAVAILABLE answers are retried up to 4 attempts with exponential back-off from 50 ms, within the
// call's deadline: safe, since every write of the suite is idempotent by its id.
std::shared_ptr<grpc::Channel> MakeChannel(const ClientOptions& options);

// Sets deadline and, if `token` is not empty, the bearer token.
void PrepareCall(grpc::ClientContext& context, Duration timeout, const std::string& token);

// One unary call; the response, or the error with its reason.
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

}  // namespace joulebook
