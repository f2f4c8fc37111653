#include "services/ledger/engine/group_committer.h"

#include <utility>

namespace joulebook::ledger {
namespace {

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

void AddKeys(const TransferRequest& request, ViewKeys& keys) {
  keys.transfers.push_back(request.id);
  if (request.target.has_value()) keys.targets.push_back(*request.target);
  if (request.debit.has_value()) keys.accounts.push_back(*request.debit);
  if (request.credit.has_value()) keys.accounts.push_back(*request.credit);
}

// Failures that one batch can cause for the others of its group; each is then tried alone.
bool MayBeOneBatchsFault(const absl::Status& status) {
  return status.code() == absl::StatusCode::kInternal ||
         status.code() == absl::StatusCode::kFailedPrecondition ||
         status.code() == absl::StatusCode::kAlreadyExists;
}

}  // namespace

GroupCommitter::GroupCommitter(const GroupOptions& options, SignatureVerifier verify, Store& store,
                               Clock& clock, LedgerMetrics& metrics)
    : options_(options),
      verify_(std::move(verify)),
      store_(store),
      clock_(clock),
      metrics_(metrics),
      thread_([this] { Run(); }) {}

GroupCommitter::~GroupCommitter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

absl::Status GroupCommitter::Submit(std::vector<TransferItem> items, Duration deadline, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (queued_items_ + items.size() > options_.max_queued_items) {
      return absl::ResourceExhaustedError("the queue of transfers is full");
    }
    queued_items_ += items.size();
    metrics_.queue_items.Set(static_cast<double>(queued_items_));
    queue_.push_back({std::move(items), deadline, std::move(done)});
  }
  wake_.notify_one();
  return absl::OkStatus();
}

void GroupCommitter::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Group group = TakeGroup(lock);
    CommitGroup(group);
    lock.lock();
  }
}

GroupCommitter::Group GroupCommitter::TakeGroup(std::unique_lock<std::mutex>& lock) {
  Group group;
  std::size_t items = 0;
  while (!queue_.empty() &&
         (group.empty() || items + queue_.front().items.size() <= options_.max_group_items)) {
    items += queue_.front().items.size();
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  queued_items_ -= items;
  metrics_.queue_items.Set(static_cast<double>(queued_items_));
  lock.unlock();

  const Duration now = clock_.MonotonicNow();
  std::erase_if(group, [&](Batch& batch) {
    if (now < batch.deadline) return false;
    Answer(batch, absl::DeadlineExceededError("the deadline passed before the batch's turn"));
    return true;
  });
  return group;
}

void GroupCommitter::CommitGroup(Group& group) {
  if (group.empty()) return;
  std::vector<std::vector<TransferOutcome>> outcomes;
  const absl::Status status = TryCommit(group, outcomes);
  if (status.ok() || group.size() == 1 || !MayBeOneBatchsFault(status)) {
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (status.ok()) {
        Answer(group[i], std::move(outcomes[i]));
      } else {
        Answer(group[i], status);
      }
    }
    return;
  }
  for (Batch& batch : group) {
    const absl::Status alone = TryCommit({&batch, 1}, outcomes);
    if (alone.ok()) {
      Answer(batch, std::move(outcomes[0]));
    } else {
      Answer(batch, alone);
    }
  }
}

absl::Status GroupCommitter::TryCommit(std::span<Batch> batches,
                                       std::vector<std::vector<TransferOutcome>>& outcomes) {
  ViewKeys keys;
  std::size_t items = 0;
  for (const Batch& batch : batches) {
    items += batch.items.size();
    for (const TransferItem& item : batch.items) {
      if (item.shape == ResultCode::kOk) AddKeys(item.request, keys);
    }
  }
  const Duration start = clock_.MonotonicNow();
  absl::Status status =
      store_.Commit(keys, options_.commit_timeout, [&](BookView& view, Changes& changes) {
        outcomes.clear();
        for (const Batch& batch : batches) {
          outcomes.push_back(DecideTransfers(batch.items, verify_, view, changes));
        }
        return absl::OkStatus();
      });
  metrics_.group_items.Observe(static_cast<double>(items));
  metrics_.group_commit_seconds.Observe(Seconds(clock_.MonotonicNow() - start));
  return status;
}

void GroupCommitter::Answer(Batch& batch, absl::StatusOr<std::vector<TransferOutcome>> outcomes) {
  if (outcomes.ok()) {
    for (const TransferOutcome& outcome : *outcomes) {
      metrics_.transfers[static_cast<std::size_t>(outcome.code)]->Increment();
    }
  }
  batch.done(std::move(outcomes));
}

}  // namespace joulebook::ledger
