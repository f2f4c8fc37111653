// Proofs from the log: that a transfer is in it, and that it only ever grew.
#pragma once

#include <vector>

#include "services/ledger/engine/log_reader.h"
#include "services/ledger/engine/metrics.h"
#include "services/ledger/store/log_store.h"
#include "services/ledger/store/store.h"

namespace joulebook::ledger {

struct TransferProof {
  TransferRecord record;
  std::vector<Sha256Digest> hashes;
  StoredCheckpoint checkpoint;
};

struct ConsistencyProof {
  StoredCheckpoint old_checkpoint;
  StoredCheckpoint new_checkpoint;
  std::vector<Sha256Digest> hashes;
};

// Thread-safe. A size of 0 means the newest checkpoint. A proof is verified before it is given out:
// DATA_LOSS, and the metric of proof failures, when it does not hold, which means that book or log
// were changed by hand.
class LogProofs {
 public:
  // All must outlive the proofs.
  LogProofs(Store& store, LogStore& log, LedgerMetrics& metrics)
      : store_(store), log_(log), metrics_(metrics) {}

  // Errors: CHECKPOINT_NOT_FOUND.
  absl::StatusOr<StoredCheckpoint> FindCheckpoint(int64_t size, Duration timeout);
  // Errors: TRANSFER_NOT_FOUND, CHECKPOINT_NOT_FOUND, NOT_SEALED_YET.
  absl::StatusOr<TransferProof> ProveTransfer(const Uuid& id, int64_t size, Duration timeout);
  // Errors: CHECKPOINT_NOT_FOUND, FIELD_INVALID (new_tree_size below the old one).
  absl::StatusOr<ConsistencyProof> ProveConsistency(int64_t old_size, int64_t new_size,
                                                    Duration timeout);
  // The log's records after that position, up to `limit`; none at its end.
  absl::StatusOr<std::vector<LogEntry>> ReadLog(int64_t after, int limit, Duration timeout);

 private:
  absl::StatusOr<std::vector<Sha256Digest>> Prove(
      Duration timeout,
      const std::function<absl::StatusOr<std::vector<Sha256Digest>>(const MerkleRangeRoot&)>& make);
  absl::Status ProofFailed(const std::string& of);

  Store& store_;
  LogStore& log_;
  LedgerMetrics& metrics_;
};

}  // namespace joulebook::ledger
