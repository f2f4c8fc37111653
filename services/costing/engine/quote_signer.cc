#include "services/costing/engine/quote_signer.h"

#include <algorithm>
#include <utility>

#include "common/rpc/signed_quote.h"

namespace joulebook::costing {
namespace {

// So many jobs wait no longer: their share of a signature is small enough.
constexpr std::size_t kEnoughJobs = 32;

}  // namespace

QuoteSigner::QuoteSigner(NoteSigner signer, Duration gather, CostingMetrics& metrics)
    : signer_(std::move(signer)), gather_(gather), metrics_(metrics), thread_([this] { Run(); }) {}

QuoteSigner::~QuoteSigner() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void QuoteSigner::Sign(std::vector<Sha256Digest> leaves, Done done) {
  Job job{std::move(leaves), std::move(done)};
  std::unique_lock lock(mutex_);
  if (is_signing_ || !waiting_.empty() || expected_jobs_ > 1) {
    waiting_.push_back(std::move(job));
    const std::size_t jobs = waiting_.size();
    const bool is_enough = jobs >= std::min(expected_jobs_, kEnoughJobs);
    lock.unlock();
    // In between, the signer's thread is waiting for more.
    if (jobs == 1 || is_enough) wake_.notify_one();
    return;
  }
  is_signing_ = true;
  lock.unlock();
  SignTogether({&job, 1});
  lock.lock();
  is_signing_ = false;
  const bool has_company = !waiting_.empty();
  lock.unlock();
  if (has_company) wake_.notify_one();
}

void QuoteSigner::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return !is_signing_ && (is_stopping_ || !waiting_.empty()); });
    if (waiting_.empty()) return;
    // As many as came together the last time will do.
    wake_.wait_for(lock, gather_, [this] {
      return is_stopping_ || waiting_.size() >= std::min(expected_jobs_, kEnoughJobs);
    });
    const std::vector<Job> jobs = std::exchange(waiting_, {});
    expected_jobs_ = jobs.size();
    is_signing_ = true;
    lock.unlock();
    SignTogether(jobs);
    lock.lock();
    is_signing_ = false;
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
