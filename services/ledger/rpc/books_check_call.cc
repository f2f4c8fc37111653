#include "services/ledger/rpc/books_check_call.h"

#include <algorithm>
#include <condition_variable>

#include "common/log/log.h"
#include "common/rpc/open_streams.h"
#include "services/ledger/engine/books_check.h"
#include "services/ledger/rpc/boundary.h"
#include "services/ledger/rpc/parse_quote.h"

namespace joulebook::ledger {
namespace {
constexpr char kMethod[] = "CheckBooks";
}  // namespace

// Deletes itself when the check has ended and the call is over, whichever is later.
class BooksChecks::Call final : public Reactor {
 public:
  Call(grpc::CallbackServerContext& context, const BooksChecks& checks)
      : checks_(checks), unread_(context) {}

  void Refuse(const absl::Status& status) {
    Finish(LedgerBoundary().Finish(kMethod, status));
    Leave();
  }

  // Runs the check; on the thread of the checks.
  void Run(Duration timeout, const Admission& admission) {
    auto difference = CheckBooks(
        checks_.store_, ParsePricedUse, timeout,
        [&](const BooksProgress& progress) { return admission.Check().ok() && Tell(progress); });
    // A difference counts, though its caller may not hear of it any more.
    if (difference.ok()) Count(*difference);
    if (checks_.is_draining_ && !difference.ok()) difference = LedgerBoundary().Draining();
    if (const absl::Status admitted = admission.Check(); !admitted.ok()) difference = admitted;
    if (!difference.ok()) {
      WaitForWrite();
      Finish(LedgerBoundary().Finish(kMethod, difference.status()));
      Leave();
      return;
    }
    WaitForWrite();
    Fill(last_);
    message_.set_result(difference->has_value() ? v1::BOOKS_RESULT_DIFFERENCE_FOUND
                                                : v1::BOOKS_RESULT_BALANCED);
    message_.set_difference(difference->value_or(""));
    Write();
    WaitForWrite();
    Finish(grpc::Status::OK);
    Leave();
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    unread_.Stop();
    is_cancelled_ = is_cancelled_ || !ok;
    changed_.notify_one();
  }
  void OnCancel() override { is_cancelled_ = true; }
  void OnDone() override { Leave(); }

 private:
  void Count(const Difference& difference) const {
    LedgerMetrics& metrics = checks_.metrics_;
    (difference.has_value() ? metrics.books_different : metrics.books_balanced).Increment();
    if (difference.has_value()) LogError("books differ", {{"difference", *difference}});
  }
  // False when the check should be given up. A message goes out only when the last one is sent.
  bool Tell(const BooksProgress& progress) {
    last_ = progress;
    if (is_cancelled_ || checks_.is_draining_) return false;
    {
      const std::lock_guard lock(mutex_);
      if (unread_.IsRunning()) return true;
    }
    Fill(progress);
    Write();
    return true;
  }
  void Write() {
    const std::lock_guard lock(mutex_);
    unread_.Start(checks_.clock_.MonotonicNow());
    StartWrite(&message_);
  }
  void Fill(const BooksProgress& progress) {
    message_.set_checked_transfers(progress.checked);
    message_.set_total_transfers(progress.total);
    message_.set_sealed_transfers(progress.sealed);
  }
  // Cancels the call if the client does not read, or if the server cannot wait for it.
  void WaitForWrite() {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, kStreamLook, [this] { return !unread_.IsRunning(); })) {
      const Duration limit =
          checks_.is_draining_ ? std::min(checks_.unread_, kLastRead) : checks_.unread_;
      unread_.CancelIfUnread(checks_.clock_.MonotonicNow(), limit);
    }
  }
  void Leave() {
    if (--holders_ == 0) delete this;
  }

  const BooksChecks& checks_;
  std::atomic<int> holders_ = 2;  // the check and the call
  std::atomic<bool> is_cancelled_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  UnreadTimer unread_;
  v1::CheckBooksResponse message_;
  BooksProgress last_;
};

BooksChecks::~BooksChecks() {
  is_draining_ = true;
  if (thread_.joinable()) thread_.join();
}

BooksChecks::Reactor* BooksChecks::Check(grpc::CallbackServerContext& context, Duration timeout,
                                         const absl::StatusOr<Admission>& admission) {
  auto* call = new Call(context, *this);
  const std::lock_guard lock(mutex_);
  absl::Status refusal = is_draining_ ? LedgerBoundary().Draining() : admission.status();
  if (refusal.ok() && is_running_) refusal = LedgerBoundary().Overloaded("checks of the books", 1);
  if (!refusal.ok()) {
    call->Refuse(refusal);
    return call;
  }
  if (thread_.joinable()) thread_.join();
  is_running_ = true;
  thread_ = std::thread([this, call, timeout, admission = *admission] {
    call->Run(timeout, admission);
    const std::lock_guard running(mutex_);
    is_running_ = false;
  });
  return call;
}

}  // namespace joulebook::ledger
