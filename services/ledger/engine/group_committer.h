// Adaptive group commit: what arrives while one commit runs goes into the next one together. An
// idle ledger commits a lone transfer at once; a busy one pays one commit for thousands.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "common/status/status.h"
#include "common/time/clock.h"
#include "services/ledger/domain/decide_transfers.h"
#include "services/ledger/engine/metrics.h"
#include "services/ledger/store/store.h"

namespace joulebook::ledger {

struct GroupOptions {
  // Items that may wait; more are refused at once. 16 full batches: about a second of work.
  std::size_t max_queued_items = std::size_t{16} * 8'190;
  // Items in one commit; one batch always goes whole.
  std::size_t max_group_items = 8'190;
  // Longest commit.
  Duration commit_timeout = std::chrono::seconds(5);
};

// Thread-safe. One thread commits. What was accepted is answered, also during destruction.
class GroupCommitter {
 public:
  using Done = std::function<void(absl::StatusOr<std::vector<TransferOutcome>>)>;

  // All must outlive the committer.
  GroupCommitter(const GroupOptions& options, SignatureVerifier verify, Store& store, Clock& clock,
                 LedgerMetrics& metrics);
  ~GroupCommitter();

  // Queues a batch; `done` is called once, on the committer's thread, with one outcome per item or
  // with why nothing is known to be committed. A batch whose turn comes after `deadline` (of the
  // monotonic clock) is answered DEADLINE_EXCEEDED and not tried. RESOURCE_EXHAUSTED, without a
  // call of `done`, when the queue is full.
  absl::Status Submit(std::vector<TransferItem> items, Duration deadline, Done done);

 private:
  struct Batch {
    std::vector<TransferItem> items;
    Duration deadline;
    Done done;
  };
  using Group = std::vector<Batch>;

  void Run();
  Group TakeGroup(std::unique_lock<std::mutex>& lock);
  void CommitGroup(Group& group);
  absl::Status TryCommit(std::span<Batch> batches,
                         std::vector<std::vector<TransferOutcome>>& outcomes);
  void Answer(Batch& batch, absl::StatusOr<std::vector<TransferOutcome>> outcomes);

  const GroupOptions options_;
  const SignatureVerifier verify_;
  Store& store_;
  Clock& clock_;
  LedgerMetrics& metrics_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Batch> queue_;
  std::size_t queued_items_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace joulebook::ledger
