// Seals the Merkle log: takes the transfers committed since the last checkpoint as new leaves and
// publishes a signed checkpoint. Of several replicas one seals, by lease.
#pragma once

#include <vector>

#include "common/crypto/note.h"
#include "services/ledger/engine/metrics.h"
#include "services/ledger/store/log_store.h"

namespace joulebook::ledger {

struct SealerOptions {
  // This replica.
  Uuid holder;
  // How long the lease outlives its holder.
  Duration lease = std::chrono::seconds(5);
  // Leaves in one seal: bounds its transaction and memory.
  int max_leaves = 65'536;
  // Longest seal.
  Duration timeout = std::chrono::seconds(30);
};

// One thread at a time.
class LogSealer {
 public:
  // `signers` sign every checkpoint; the first one's name is the log's origin. Without signers this
  // replica only watches the lag. All must outlive the sealer.
  LogSealer(const SealerOptions& options, std::vector<NoteSigner> signers, LogStore& store,
            Clock& clock, LedgerMetrics& metrics)
      : options_(options),
        signers_(std::move(signers)),
        store_(store),
        clock_(clock),
        metrics_(metrics) {}

  // Seals all that is unsealed, if this replica is the one to do it, and measures the lag. Errors
  // are those of LogStore::Seal; FAILED_PRECONDITION when the newest checkpoint has another origin
  // than the first signer's name: a log's origin never changes.
  absl::Status Run();

 private:
  absl::Status SealAll();
  // FAILED_PRECONDITION when the log is another key name's.
  absl::Status CheckOrigin(const std::string& last_note) const;
  absl::StatusOr<NewSeal> MakeSeal(UnsealedLog log);

  const SealerOptions options_;
  const std::vector<NoteSigner> signers_;
  LogStore& store_;
  Clock& clock_;
  LedgerMetrics& metrics_;
};

}  // namespace joulebook::ledger
