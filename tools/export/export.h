// Fetches from a ledger (and from costing) what joulebook-verify checks offline, as JSON of
// joulebook/ledger/v1/log.proto.
#pragma once

#include <cstdint>
#include <memory>
#include <ostream>
#include <string>

#include "common/rpc/client.h"
#include "common/status/status.h"
#include "common/time/timers.h"
#include "joulebook/costing/v1/costing_service.grpc.pb.h"
#include "joulebook/ledger/v1/ledger_service.grpc.pb.h"

namespace joulebook::exporting {

// Every call waits up to `patience` for transfers to be sealed that are not yet. Errors are those
// of the ledger's RPCs.
class Exporter {
 public:
  struct Options {
    ClientOptions channel;
    ClientOptions costing;
    std::string token;
    std::string costing_token;
    Duration patience = std::chrono::seconds(30);
  };

  // The objects that the arguments refer to must outlive the exporter.
  Exporter(const Options& options, std::ostream& out, Clock& clock, Sleeper& sleeper);

  absl::Status Proof(const std::string& transfer_id);
  absl::Status Consistency(int64_t old_size, int64_t new_size);
  absl::Status Statement(const std::string& account_id);
  absl::Status Log();
  // A charge with its reservation, and the tariff that priced it from the costing service.
  absl::Status Charge(const std::string& transfer_id);

 private:
  absl::StatusOr<ledger::v1::TransferProof> FetchProof(const std::string& transfer_id,
                                                       int64_t tree_size);
  absl::StatusOr<ledger::v1::Checkpoint> FetchCheckpoint();
  absl::StatusOr<std::string> FetchTariff(const std::string& hash);
  absl::Status Write(const google::protobuf::Message& message);

  const Options options_;
  std::ostream& out_;
  Clock& clock_;
  Sleeper& sleeper_;
  const std::unique_ptr<ledger::v1::LedgerService::Stub> stub_;
};

}  // namespace joulebook::exporting
