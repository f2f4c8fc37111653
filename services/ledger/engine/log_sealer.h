// Seals the Merkle log: takes the records decided since the last checkpoint as new leaves and
// publishes a signed checkpoint. One of several replicas seals, by lease; each remembers the last
// checkpoint that it signed or saw, and signs nothing that does not continue it.
#pragma once

#include <string>
#include <vector>

#include "common/crypto/note.h"
#include "services/ledger/engine/metrics.h"
#include "services/ledger/engine/signer_memory.h"
#include "services/ledger/store/log_store.h"

namespace joulebook::ledger {

struct SealerOptions {
  // This replica.
  Uuid holder;
  // How long the lease outlives its holder.
  Duration lease = std::chrono::seconds(5);
  // Leaves in one seal: bounds its transaction and memory. More go into one only where they were
  // signed before and not written.
  int max_leaves = 65'536;
  // Longest seal.
  Duration timeout = std::chrono::seconds(30);
  // Where the last checkpoint is remembered; empty: not beyond the end of the process.
  std::string memory_file = {};
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
        memory_(options.memory_file, VerifiersOf(signers_)),
        store_(store),
        clock_(clock),
        metrics_(metrics) {}

  // Seals all that is unsealed, if this replica is the one to do it, and measures the lag. Errors
  // are those of LogStore::Seal and SignerMemory; FAILED_PRECONDITION when the newest checkpoint
  // has another origin than the first signer's name (a log's origin never changes), or the log does
  // not continue the one that this replica remembers, or it remembers none and there is one.
  absl::Status Run();

  // Remembers the newest checkpoint of a log that this replica has not seen before: whoever calls
  // it vouches for it. Errors: FAILED_PRECONDITION when it remembers one, or there is none, or none
  // of the keys signed it.
  absl::Status Adopt();

 private:
  absl::Status SealAll();
  // FAILED_PRECONDITION when the log is another key name's.
  absl::Status CheckOrigin(const std::string& last_note) const;
  absl::StatusOr<NewSeal> MakeSeal(UnsealedLog log);
  // Appends the leaves, and says whether the log then continues the remembered one.
  absl::Status Extend(UnsealedLog& log, std::vector<MerkleTile>& full);
  // Remembers what another replica sealed meanwhile.
  absl::Status FollowOthers();
  // A log that this replica must not sign: counted.
  absl::Status Refused(absl::Status reason);

  const SealerOptions options_;
  const std::vector<NoteSigner> signers_;
  SignerMemory memory_;
  LogStore& store_;
  Clock& clock_;
  LedgerMetrics& metrics_;
};

}  // namespace joulebook::ledger
