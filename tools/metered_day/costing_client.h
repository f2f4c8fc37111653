// The costing service as the metered day uses it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/rpc/client.h"
#include "common/status/status.h"
#include "joulebook/costing/v1/costing_service.grpc.pb.h"
#include "services/costing/domain/tariff.h"

namespace joulebook::metered_day {

class CostingClient {
 public:
  CostingClient(const ClientOptions& options, std::string token);

  // With the terms of each quote, parsed from what is signed.
  absl::StatusOr<costing::v1::BatchQuoteResponse> Quote(
      const costing::v1::BatchQuoteRequest& request);
  // The price of a quote that needs a settlement, for what it expected.
  absl::StatusOr<costing::v1::Quote> Settle(const costing::v1::Quote& quote);
  // The tariff with this hash, its text checked against it.
  absl::StatusOr<costing::Tariff> GetTariff(const std::string& hash);
  // Asks for a challenge, solves it, shows the proof, and shows it once more; the challenge. An
  // error unless the first is accepted and the second refused as a replay.
  absl::StatusOr<costing::v1::Challenge> ProveWork(const std::string& member_id,
                                                   int32_t reputation_ppm);
  // The earning as recorded, with its amount.
  absl::StatusOr<costing::v1::Earning> RecordEarning(const costing::v1::Earning& claim);
  absl::Status SetEarningState(const std::string& earning_id, costing::v1::EarningState state);

 private:
  const std::unique_ptr<costing::v1::CostingService::Stub> stub_;
  const std::string token_;
};

}  // namespace joulebook::metered_day
