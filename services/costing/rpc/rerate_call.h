// The Rerate call: usage streams in, totals under two tariffs come out.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "common/rpc/open_streams.h"
#include "joulebook/costing/v1/costing_service.pb.h"
#include "services/costing/engine/metrics.h"
#include "services/costing/engine/tariff_book.h"

namespace joulebook::costing {

// The dependencies of the calls; all must outlive them.
struct RerateDependencies {
  const TariffBook& book;
  Clock& clock;
  CostingMetrics& metrics;
  std::string own_tariff_name;
  // The most bytes of an answer.
  std::size_t max_answer_bytes;
};

// Thread-safe; must outlive the server.
class RerateCalls {
 public:
  using Reactor = grpc::ServerReadReactor<v1::RerateRequest>;

  // See OpenStreams.
  RerateCalls(RerateDependencies dependencies, const StreamLimits& limits, Timers& timers);

  // A call that rerates while it is admitted; or, when `admission` is an error, that error.
  Reactor* Open(grpc::CallbackServerContext& context, const absl::StatusOr<Admission>& admission,
                v1::RerateResponse& response);
  // See OpenStreams.
  void Drain() { streams_.Drain(); }

 private:
  const RerateDependencies deps_;
  OpenStreams streams_;
};

}  // namespace joulebook::costing
