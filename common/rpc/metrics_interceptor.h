// Server metrics with the names of go-grpc-middleware: grpc_server_started_total,
// grpc_server_handled_total, grpc_server_msg_received_total, grpc_server_msg_sent_total and
// grpc_server_handling_seconds, for every method of the given services.
#pragma once

#include <grpcpp/support/server_interceptor.h>

#include <memory>
#include <string>
#include <vector>

#include "common/metrics/metrics.h"
#include "common/time/clock.h"

namespace joulebook {

// `services` are full names, "joulebook.ledger.v1.LedgerService". Metrics and clock must outlive
// the server. Methods of other services (health, reflection) are not counted.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeMetricsInterceptor(
    const std::vector<std::string>& services, Metrics& metrics, Clock& clock);

}  // namespace joulebook
