// A precise answer to messages that are no message: gRPC 1.51's callback server answers a request
// that it cannot parse (garbage, a string that is no UTF-8) with UNIMPLEMENTED. For a method that
// exists this turns it into INVALID_ARGUMENT, MESSAGE_MALFORMED.
#pragma once

#include <grpcpp/support/server_interceptor.h>

#include <memory>
#include <string>
#include <vector>

namespace joulebook {

// `services` are full names; all their methods must be implemented. `domain` goes into the error.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeMalformedInterceptor(
    const std::vector<std::string>& services, std::string domain);

}  // namespace joulebook
