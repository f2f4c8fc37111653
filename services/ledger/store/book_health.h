// Whether the book takes commits, for the service's health; and the end of the sessions that keep
// it from doing so (ADR 0014).
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "common/db/direct_connection.h"
#include "common/status/status.h"
#include "services/ledger/store/clock_guard.h"

namespace joulebook::ledger {

// Thread-safe.
class BookHealth {
 public:
  // `commit_timeout` is the longest commit. Without a guard the clocks are not looked at. The clock
  // must outlive it.
  BookHealth(std::string connection, Duration commit_timeout, std::optional<ClockGuard> guard,
             Clock& clock);

  // Says, while it lives, that a commit is under way.
  class RunningCommit {
   public:
    explicit RunningCommit(BookHealth& health);
    ~RunningCommit();
    void Succeeded() { succeeded_ = true; }

   private:
    BookHealth& health_;
    bool succeeded_ = false;
  };

  // CLOCK_SKEWED as ClockGuard has it; UNAVAILABLE when a commit has been under way for half of the
  // longest time, when the database does not answer, or when, with no commit lately, the book's
  // lock cannot be had. Then sessions of this login are ended that have kept the lock for the
  // longest commit and sleep. Takes a little more than two seconds at most.
  absl::Status Check();

 private:
  enum class Need { kAnswer, kLock };

  absl::Status Connect();
  absl::Status CheckCommits();
  absl::StatusOr<Need> Judge(Duration now);
  absl::Status Ask(Need need);
  void EndSleepers();
  void NoteSuccess();

  const DirectConnection::Options connection_options_;
  const Duration commit_timeout_;
  const std::optional<ClockGuard> guard_;
  Clock& clock_;

  std::mutex mutex_;  // of what commits tell
  std::optional<Duration> running_since_;
  std::optional<Duration> last_success_;

  std::mutex checking_;  // one check at a time
  std::unique_ptr<DirectConnection> connection_;
};

}  // namespace joulebook::ledger
