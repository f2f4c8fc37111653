// Signs quotes together: while one signature is being made, what else is asked for gathers, and all
// of it gets the next one. Alone, a quote is signed at once.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "common/crypto/batch_signature.h"
#include "services/costing/engine/metrics.h"

namespace joulebook::costing {

// Thread-safe. Must outlive the calls that use it.
class QuoteSigner {
 public:
  // One proof for each leaf that was given.
  using Done = std::function<void(std::span<const BatchProof> proofs)>;

  QuoteSigner(NoteSigner signer, CostingMetrics& metrics)
      : signer_(std::move(signer)), metrics_(metrics) {}

  // `done` is called on this thread or on another one that is signing. `leaves` is not empty.
  void Sign(std::vector<Sha256Digest> leaves, Done done);

 private:
  struct Job {
    std::vector<Sha256Digest> leaves;
    Done done;
  };

  void SignTogether(std::span<const Job> jobs);

  const NoteSigner signer_;
  CostingMetrics& metrics_;
  std::mutex mutex_;
  std::vector<Job> waiting_;
  bool is_signing_ = false;
};

}  // namespace joulebook::costing
