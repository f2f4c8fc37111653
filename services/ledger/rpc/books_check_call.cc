#include "services/ledger/rpc/books_check_call.h"

#include <condition_variable>

#include "common/log/log.h"
#include "services/ledger/engine/books_check.h"
#include "services/ledger/rpc/boundary.h"
#include "services/ledger/rpc/parse_quote.h"

namespace joulebook::ledger {
namespace {
constexpr char kMethod[] = "CheckBooks";
// How often a wait for the client looks whether the server is shutting down.
constexpr Duration kLook = std::chrono::milliseconds(100);
}  // namespace

// Deletes itself when the check has ended and the call is over, whichever is later.
class BooksChecks::Call final : public Reactor {
 public:
  Call(grpc::CallbackServerContext& context, const std::atomic<bool>& is_draining, Duration unread)
      : context_(context), is_draining_(is_draining), unread_(unread) {}

  void Refuse(const absl::Status& status) {
    Finish(LedgerBoundary().Finish(kMethod, status));
    Leave();
  }

  // Runs the check; on the thread of the checks.
  void Run(LogStore& store, LedgerMetrics& metrics, Duration timeout, const Admission& admission) {
    auto difference = CheckBooks(
        store, ParsePricedUse, timeout,
        [&](const BooksProgress& progress) { return admission.Check().ok() && Tell(progress); });
    if (is_draining_ && !difference.ok()) difference = LedgerBoundary().Draining();
    if (const absl::Status admitted = admission.Check(); !admitted.ok()) difference = admitted;
    if (!difference.ok()) {
      WaitForWrite();
      Finish(LedgerBoundary().Finish(kMethod, difference.status()));
      Leave();
      return;
    }
    (difference->has_value() ? metrics.books_different : metrics.books_balanced).Increment();
    if (difference->has_value()) LogError("books differ", {{"difference", **difference}});
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
    is_writing_ = false;
    is_cancelled_ = is_cancelled_ || !ok;
    changed_.notify_one();
  }
  void OnCancel() override { is_cancelled_ = true; }
  void OnDone() override { Leave(); }

 private:
  // False when the check should be given up. A message goes out only when the last one is sent.
  bool Tell(const BooksProgress& progress) {
    last_ = progress;
    if (is_cancelled_ || is_draining_) return false;
    {
      const std::lock_guard lock(mutex_);
      if (is_writing_) return true;
    }
    Fill(progress);
    Write();
    return true;
  }
  void Write() {
    const std::lock_guard lock(mutex_);
    is_writing_ = true;
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
    const auto is_written = [this] { return !is_writing_; };
    for (Duration waited{}; waited < unread_; waited += kLook) {
      if (changed_.wait_for(lock, kLook, is_written)) return;
      if (is_draining_) break;
    }
    context_.TryCancel();
    changed_.wait(lock, is_written);
  }
  void Leave() {
    if (--holders_ == 0) delete this;
  }

  grpc::CallbackServerContext& context_;
  const std::atomic<bool>& is_draining_;
  const Duration unread_;
  std::atomic<int> holders_ = 2;  // the check and the call
  std::atomic<bool> is_cancelled_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_writing_ = false;
  v1::CheckBooksResponse message_;
  BooksProgress last_;
};

BooksChecks::~BooksChecks() {
  is_draining_ = true;
  if (thread_.joinable()) thread_.join();
}

BooksChecks::Reactor* BooksChecks::Check(grpc::CallbackServerContext& context, Duration timeout,
                                         const absl::StatusOr<Admission>& admission) {
  auto* call = new Call(context, is_draining_, unread_);
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
    call->Run(store_, metrics_, timeout, admission);
    const std::lock_guard running(mutex_);
    is_running_ = false;
  });
  return call;
}

}  // namespace joulebook::ledger
