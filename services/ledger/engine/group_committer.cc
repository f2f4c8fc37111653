#include "services/ledger/engine/group_committer.h"

#include <memory>
#include <utility>

#include "services/ledger/domain/errors.h"

namespace joulebook::ledger {
namespace {

// Answers to so few items are given by the committing thread itself: waking another costs more.
constexpr std::size_t kAnsweredAtOnce = 2;
// Committed groups that may wait to be answered before the next commit waits for them.
constexpr std::size_t kMaxUnanswered = 2;

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

void AddKeys(const TransferItem& item, ViewKeys& keys) {
  const TransferRequest& request = item.request;
  keys.transfers.push_back(request.id);
  if (request.target.has_value()) {
    const bool is_reversal = request.kind == TransferKind::kReverse;
    (is_reversal ? keys.reversals : keys.holds).push_back(*request.target);
  }
  if (request.debit.has_value()) keys.accounts.push_back(*request.debit);
  if (request.credit.has_value()) keys.accounts.push_back(*request.credit);
  if (item.quote.has_value()) {
    keys.quotes.push_back(item.quote->id);
    if (item.quote->previous_settlement.has_value()) {
      keys.quotes.push_back(*item.quote->previous_settlement);
    }
    keys.members.push_back(item.quote->member);
  }
}

ViewKeys KeysOf(std::span<const TransferItem> items) {
  ViewKeys keys;
  while (!items.empty()) {
    const auto chain = items.first(ChainLength(items));
    for (const TransferItem& item : chain) {
      if (item.shape != ResultCode::kOk) continue;
      if (item.request.once_key.has_value()) keys.once_keys.push_back(*item.request.once_key);
      if (IsMalformed(chain)) {
        keys.lookups.push_back(item.request.id);
      } else {
        AddKeys(item, keys);
      }
    }
    items = items.subspan(chain.size());
  }
  return keys;
}

template <typename T>
void Append(const std::vector<T>& from, std::vector<T>& to) {
  to.insert(to.end(), from.begin(), from.end());
}

void AddKeys(const ViewKeys& job, ViewKeys& keys) {
  Append(job.transfers, keys.transfers);
  Append(job.lookups, keys.lookups);
  Append(job.holds, keys.holds);
  Append(job.reversals, keys.reversals);
  Append(job.quotes, keys.quotes);
  Append(job.once_keys, keys.once_keys);
  Append(job.accounts, keys.accounts);
  Append(job.members, keys.members);
  Append(job.reputation_changes, keys.reputation_changes);
  keys.assets = keys.assets || job.assets;
  keys.expired_holds = std::max(keys.expired_holds, job.expired_holds);
}

// Failures that one job can cause for the others of its group; each is then tried alone.
bool MayBeOneJobsFault(const absl::Status& status) {
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
      answering_([this] { RunAnswers(); }),
      committing_([this] { Run(); }) {}

GroupCommitter::~GroupCommitter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  committing_.join();
  {
    const std::lock_guard lock(answers_mutex_);
    answers_end_ = true;
  }
  answers_changed_.notify_all();
  answering_.join();
}

absl::Status GroupCommitter::Submit(CommitJob job) {
  {
    const std::lock_guard lock(mutex_);
    if (queued_items_ + job.items > options_.max_queued_items) {
      return Overloaded("transfers", options_.max_queued_items);
    }
    if (queued_bytes_ + job.bytes > options_.max_queued_bytes) {
      return Overloaded("transfer bytes", options_.max_queued_bytes);
    }
    queued_items_ += job.items;
    queued_bytes_ += job.bytes;
    metrics_.queue_items.Set(static_cast<double>(queued_items_));
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
  return absl::OkStatus();
}

absl::Status GroupCommitter::SubmitTransfers(std::vector<TransferItem> items, std::size_t bytes,
                                             Duration deadline,
                                             std::function<void(Outcomes)> done) {
  struct Batch {
    std::vector<TransferItem> items;
    std::vector<TransferOutcome> outcomes;
    std::function<void(Outcomes)> done;
  };
  auto batch = std::make_shared<Batch>();
  batch->items = std::move(items);
  batch->done = std::move(done);

  CommitJob job;
  job.items = batch->items.size();
  job.bytes = bytes;
  job.deadline = deadline;
  job.keys = KeysOf(batch->items);
  job.decide = [this, batch](BookView& view, Changes& changes) {
    batch->outcomes = DecideTransfers(batch->items, verify_, view, changes);
    return absl::OkStatus();
  };
  job.done = [this, batch](const absl::Status& status) {
    if (!status.ok()) {
      batch->done(status);
      return;
    }
    for (const TransferOutcome& outcome : batch->outcomes) {
      metrics_.transfers[static_cast<std::size_t>(outcome.code)]->Increment();
    }
    batch->done(std::move(batch->outcomes));
  };
  return Submit(std::move(job));
}

void GroupCommitter::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Group group = TakeGroup(lock);
    CommitGroup(group);
    AnswerSoon(std::move(group));
    lock.lock();
  }
}

GroupCommitter::Group GroupCommitter::TakeGroup(std::unique_lock<std::mutex>& lock) {
  Group group, late;
  std::size_t items = 0;
  const Duration now = clock_.MonotonicNow();
  while (!queue_.empty() &&
         (group.jobs.empty() || items + queue_.front().items <= options_.max_group_items)) {
    items += queue_.front().items;
    queued_bytes_ -= queue_.front().bytes;
    Group& its_group = now < queue_.front().deadline ? group : late;
    its_group.items += queue_.front().items;
    its_group.jobs.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  queued_items_ -= items;
  metrics_.queue_items.Set(static_cast<double>(queued_items_));
  lock.unlock();

  if (!late.jobs.empty()) {
    late.answers.assign(late.jobs.size(),
                        absl::DeadlineExceededError("the deadline passed before the job's turn"));
    AnswerSoon(std::move(late));
  }
  return group;
}

void GroupCommitter::CommitGroup(Group& group) {
  group.answers.resize(group.jobs.size());
  if (group.jobs.empty()) return;
  const absl::Status status = TryCommit(group.jobs, group.answers);
  if (status.ok()) return;
  const bool one_by_one = group.jobs.size() > 1 && MayBeOneJobsFault(status);
  for (std::size_t i = 0; i < group.jobs.size(); ++i) {
    const std::span<absl::Status> answer(&group.answers[i], 1);
    const absl::Status alone = one_by_one ? TryCommit({&group.jobs[i], 1}, answer) : status;
    if (!alone.ok()) answer[0] = alone;
  }
}

absl::Status GroupCommitter::TryCommit(std::span<CommitJob> jobs, std::span<absl::Status> answers) {
  ViewKeys keys;
  std::size_t items = 0;
  for (const CommitJob& job : jobs) {
    items += job.items;
    AddKeys(job.keys, keys);
  }
  const Duration start = clock_.MonotonicNow();
  absl::Status status =
      store_.Commit(keys, options_.commit_timeout, [&](BookView& view, Changes& changes) {
        for (std::size_t i = 0; i < jobs.size(); ++i) {
          answers[i] = jobs[i].decide(view, changes);
          if (answers[i].code() == absl::StatusCode::kAborted) return answers[i];
        }
        return absl::OkStatus();
      });
  metrics_.group_items.Observe(static_cast<double>(items));
  metrics_.group_commit_seconds.Observe(Seconds(clock_.MonotonicNow() - start));
  options_.on_commit();
  return status;
}

void GroupCommitter::AnswerSoon(Group group) {
  if (group.items <= kAnsweredAtOnce) {
    for (std::size_t i = 0; i < group.jobs.size(); ++i) group.jobs[i].done(group.answers[i]);
    return;
  }
  std::unique_lock lock(answers_mutex_);
  answers_changed_.wait(lock, [this] { return answers_.size() < kMaxUnanswered; });
  answers_.push_back(std::move(group));
  lock.unlock();
  answers_changed_.notify_all();
}

void GroupCommitter::RunAnswers() {
  std::unique_lock lock(answers_mutex_);
  for (;;) {
    answers_changed_.wait(lock, [this] { return answers_end_ || !answers_.empty(); });
    if (answers_.empty()) return;
    Group group = std::move(answers_.front());
    answers_.pop_front();
    lock.unlock();
    answers_changed_.notify_all();
    for (std::size_t i = 0; i < group.jobs.size(); ++i) group.jobs[i].done(group.answers[i]);
    group = {};
    lock.lock();
  }
}

}  // namespace joulebook::ledger
