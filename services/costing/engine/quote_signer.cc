#include "services/costing/engine/quote_signer.h"

#include <utility>

#include "common/rpc/signed_quote.h"

namespace joulebook::costing {
namespace {

// So many jobs wait no longer: their share of a signature is small enough.
constexpr std::size_t kEnoughJobs = 32;

}  // namespace

QuoteSigner::QuoteSigner(NoteSigner signer, Duration gather, Clock& clock, CostingMetrics& metrics)
    : signer_(std::move(signer)),
      gather_(gather),
      clock_(clock),
      metrics_(metrics),
      last_signed_(clock.MonotonicNow() - gather),
      thread_([this] { Run(); }) {}

QuoteSigner::~QuoteSigner() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void QuoteSigner::Sign(std::vector<Sha256Digest> leaves, Done done) {
  const Duration now = clock_.MonotonicNow();
  std::unique_lock lock(mutex_);
  const bool is_quiet = waiting_.empty() && now - last_signed_ >= gather_;
  if (is_quiet) {
    last_signed_ = now;
    lock.unlock();
    const Job job{std::move(leaves), std::move(done)};
    SignTogether({&job, 1});
    return;
  }
  waiting_.push_back({std::move(leaves), std::move(done)});
  const std::size_t jobs = waiting_.size();
  lock.unlock();
  // In between, the signer is gathering or signing.
  if (jobs == 1 || jobs == kEnoughJobs) wake_.notify_one();
}

void QuoteSigner::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return is_stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    wake_.wait_for(lock, gather_,
                   [this] { return is_stopping_ || waiting_.size() >= kEnoughJobs; });
    const std::vector<Job> jobs = std::exchange(waiting_, {});
    lock.unlock();
    SignTogether(jobs);
    const Duration now = clock_.MonotonicNow();
    lock.lock();
    last_signed_ = now;
  }
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
