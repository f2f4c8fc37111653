// absl::Status on the wire and back: the canonical code plus google.rpc.Status in the trailer.
#pragma once

#include <grpcpp/support/status.h>

#include "common/status/status.h"

namespace joulebook {

grpc::Status ToGrpcStatus(const absl::Status& status);
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace joulebook
