#include "services/ledger/store/book_health.h"

#include <utility>

#include "common/log/log.h"
#include "services/ledger/store/rows.h"
#include "services/ledger/store/sql.h"

namespace joulebook::ledger {
namespace {

// How long a check waits for the database, or for the lock.
constexpr Duration kCheckTimeout = std::chrono::seconds(1);
// A commit this long ago, of this replica or of a check, still says that commits can be made.
constexpr Duration kRecently = std::chrono::seconds(2);

}  // namespace

BookHealth::BookHealth(std::string connection, Duration commit_timeout,
                       std::optional<ClockGuard> guard, Clock& clock)
    : connection_options_{.connection = std::move(connection),
                          .limits = {.statement_timeout = kCheckTimeout}},
      commit_timeout_(commit_timeout),
      guard_(std::move(guard)),
      clock_(clock) {}

BookHealth::RunningCommit::RunningCommit(BookHealth& health) : health_(health) {
  const std::lock_guard lock(health_.mutex_);
  health_.running_since_ = health_.clock_.MonotonicNow();
}

BookHealth::RunningCommit::~RunningCommit() {
  const std::lock_guard lock(health_.mutex_);
  health_.running_since_.reset();
  health_.last_success_.reset();  // after a failure the lock is to be tried
  if (succeeded_) health_.last_success_ = health_.clock_.MonotonicNow();
}

absl::Status BookHealth::Check() {
  const std::lock_guard lock(checking_);
  JB_RETURN_IF_ERROR(Connect());
  absl::Status status = CheckCommits();
  if (!status.ok()) EndSleepers();
  return status;
}

absl::Status BookHealth::Connect() {
  if (connection_ != nullptr && connection_->is_usable()) return absl::OkStatus();
  JB_ASSIGN_OR_RETURN(connection_, DirectConnection::Open(connection_options_, clock_));
  return absl::OkStatus();
}

absl::Status BookHealth::CheckCommits() {
  JB_ASSIGN_OR_RETURN(const Need need, Judge(clock_.MonotonicNow()));
  return Ask(need);
}

// The question that is left for the database.
absl::StatusOr<BookHealth::Need> BookHealth::Judge(Duration now) {
  const std::lock_guard lock(mutex_);
  if (running_since_.has_value() && now - *running_since_ > commit_timeout_ / 2) {
    return absl::UnavailableError("a commit has been under way for too long");
  }
  const bool is_recent = last_success_.has_value() && now - *last_success_ < kRecently;
  return is_recent ? Need::kAnswer : Need::kLock;
}

absl::Status BookHealth::Ask(Need need) {
  StatementBatch question;
  question.Add(need == Need::kLock ? sql::kTouchBook : sql::kPing);
  DirectConnection::Rows head;
  const absl::Status answer = connection_->Run(
      question, clock_.MonotonicNow() + connection_options_.limits.statement_timeout, &head);
  if (!answer.ok()) return absl::UnavailableError(answer.message());
  if (need == Need::kLock) NoteSuccess();
  if (!guard_.has_value() || head.empty()) return absl::OkStatus();
  return guard_->Check(FromMicros(NumberIn(head[0][0])));
}

void BookHealth::NoteSuccess() {
  const std::lock_guard lock(mutex_);
  last_success_ = clock_.MonotonicNow();
}

// PostgreSQL itself ends a session that is idle in a transaction, but not one that it waits for in
// the middle of a COPY or of a pipeline.
void BookHealth::EndSleepers() {
  if (!connection_->is_usable()) return;
  BinaryRows longest_us(1);
  longest_us.BeginRow();
  longest_us.Bigint(commit_timeout_.count());
  StatementBatch end;
  end.Add(sql::kEndSleepers, longest_us);
  DirectConnection::Rows ended;
  const absl::Status status = connection_->Run(
      end, clock_.MonotonicNow() + connection_options_.limits.statement_timeout, &ended);
  if (status.ok() && !ended.empty()) {
    LogWarning("ended sessions that slept on the book's lock",
               {{"sessions", static_cast<int64_t>(ended.size())}});
  }
}

}  // namespace joulebook::ledger
