// Signs quotes together: one signature over the Merkle root of all that are asked for within a
// moment. When little is asked for, a quote is signed at once, on the thread that asks.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "common/crypto/batch_signature.h"
#include "common/time/clock.h"
#include "services/costing/engine/metrics.h"

namespace joulebook::costing {

// Thread-safe. Every request is signed, also during destruction.
class QuoteSigner {
 public:
  // One proof for each leaf that was given.
  using Done = std::function<void(std::span<const BatchProof> proofs)>;

  // Quotes that come together wait for others, as many as came together before, `gather` at most.
  // `metrics` must outlive the signer.
  QuoteSigner(NoteSigner signer, Duration gather, CostingMetrics& metrics);
  ~QuoteSigner();

  // `done` is called on this thread or on the signer's. `leaves` is not empty.
  void Sign(std::vector<Sha256Digest> leaves, Done done);

 private:
  struct Job {
    std::vector<Sha256Digest> leaves;
    Done done;
  };

  void Run();
  void SignTogether(std::span<const Job> jobs);

  const NoteSigner signer_;
  const Duration gather_;
  CostingMetrics& metrics_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Job> waiting_;
  bool is_signing_ = false;
  std::size_t expected_jobs_ = 1;  // as many as were signed together the last time
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace joulebook::costing
