// The Rerate call: usage streams in, totals under two tariffs come out.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "common/rpc/call_runner.h"
#include "joulebook/costing/v1/costing_service.pb.h"
#include "services/costing/engine/metrics.h"
#include "services/costing/engine/tariff_book.h"

namespace joulebook::costing {

// What the calls work with; all must outlive them.
struct RerateDependencies {
  const TariffBook& book;
  Clock& clock;
  CostingMetrics& metrics;
  std::string own_tariff_name;
};

// A call that rerates while it is admitted; or, when `admission` is an error, that error. It
// deletes itself.
grpc::ServerReadReactor<v1::RerateRequest>* MakeRerateCall(
    const RerateDependencies& dependencies, const absl::StatusOr<Admission>& admission,
    v1::RerateResponse* response);

}  // namespace joulebook::costing
