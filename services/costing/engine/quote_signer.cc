#include "services/costing/engine/quote_signer.h"

#include <utility>

#include "common/rpc/signed_quote.h"

namespace joulebook::costing {

void QuoteSigner::Sign(std::vector<Sha256Digest> leaves, Done done) {
  std::unique_lock lock(mutex_);
  waiting_.push_back({std::move(leaves), std::move(done)});
  if (is_signing_) return;  // whoever signs takes it along
  is_signing_ = true;
  while (!waiting_.empty()) {
    const std::vector<Job> jobs = std::exchange(waiting_, {});
    lock.unlock();
    SignTogether(jobs);
    lock.lock();
  }
  is_signing_ = false;
}

void QuoteSigner::SignTogether(std::span<const Job> jobs) {
  std::vector<Sha256Digest> leaves;
  for (const Job& job : jobs) leaves.insert(leaves.end(), job.leaves.begin(), job.leaves.end());
  const std::vector<BatchProof> proofs = SignBatch(signer_, kQuoteContext, leaves);
  metrics_.signatures.Increment();
  metrics_.signed_together.Observe(static_cast<double>(leaves.size()));
  std::span<const BatchProof> rest(proofs);
  for (const Job& job : jobs) {
    job.done(rest.first(job.leaves.size()));
    rest = rest.subspan(job.leaves.size());
  }
}

}  // namespace joulebook::costing
