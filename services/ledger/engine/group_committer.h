// Adaptive group commit: what arrives while one commit runs goes into the next one together. An
// idle ledger commits a lone transfer at once; a busy one pays one commit for thousands. Every
// write of this replica goes through here, so that its writer never finds the book changed by
// itself.
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
  // Bytes of the waiting items, as their requests came over the wire; more is refused at once.
  std::size_t max_queued_bytes = std::size_t{128} * 1024 * 1024;
  // Items in one commit; one job always goes whole.
  std::size_t max_group_items = 8'190;
  // Longest commit.
  Duration commit_timeout = std::chrono::seconds(5);
  // Called after each commit that may have changed the book; must be quick.
  std::function<void()> on_commit = [] {};
};

// A write that waits for its commit.
struct CommitJob {
  ViewKeys keys;
  // Its share of the queue and of a group.
  std::size_t items = 1;
  std::size_t bytes = 0;
  // A job whose turn comes after this (of the monotonic clock) is answered DEADLINE_EXCEEDED and
  // not tried.
  Duration deadline{};
  // Leaves view and changes as they were when it fails; its error is then the job's answer. But
  // with ABORTED the whole group is decided again (see ViewContradictsItself).
  Decision decide;
  // Called once, on a thread of the committer: OK when what was decided is durable.
  std::function<void(const absl::Status&)> done;
};

// Thread-safe. One thread decides and commits, another answers. An accepted job is answered, also
// during destruction.
class GroupCommitter {
 public:
  using Outcomes = absl::StatusOr<std::vector<TransferOutcome>>;

  // All must outlive the committer.
  GroupCommitter(const GroupOptions& options, SignatureVerifier verify, Store& store, Clock& clock,
                 LedgerMetrics& metrics);
  ~GroupCommitter();

  // Queues a job. RESOURCE_EXHAUSTED, without a call of `done`, when the queue is full.
  absl::Status Submit(CommitJob job);
  // Queues a batch of transfers, a request of `bytes`; `done` gets one outcome per item, or why
  // nothing is known to be committed.
  absl::Status SubmitTransfers(std::vector<TransferItem> items, std::size_t bytes,
                               Duration deadline, std::function<void(Outcomes)> done);

 private:
  // Jobs with their answers, once they have been tried.
  struct Group {
    std::vector<CommitJob> jobs;
    std::vector<absl::Status> answers;
    std::size_t items = 0;
  };

  void Run();
  Group TakeGroup(std::unique_lock<std::mutex>& lock);
  void CommitGroup(Group& group);
  absl::Status TryCommit(std::span<CommitJob> jobs, std::span<absl::Status> answers);
  void AnswerSoon(Group group);
  void RunAnswers();

  const GroupOptions options_;
  const SignatureVerifier verify_;
  Store& store_;
  Clock& clock_;
  LedgerMetrics& metrics_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<CommitJob> queue_;
  std::size_t queued_items_ = 0;
  std::size_t queued_bytes_ = 0;
  bool stopping_ = false;

  std::mutex answers_mutex_;
  std::condition_variable answers_changed_;
  std::deque<Group> answers_;
  bool answers_end_ = false;

  std::thread answering_;
  std::thread committing_;
};

}  // namespace joulebook::ledger
