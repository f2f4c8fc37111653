#include "services/ledger/rpc/transfer_watches.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "common/rpc/open_streams.h"
#include "services/ledger/rpc/boundary.h"
#include "services/ledger/rpc/convert_transfer.h"

namespace joulebook::ledger {
namespace {

constexpr char kMethod[] = "WatchTransfers";
// Transfers in one message: about 200 KiB.
constexpr int kPageItems = 500;
// A message ends when it is above this; a client takes 4 MiB by default. Each watch holds one
// message, so this times `watch-streams` is their memory.
constexpr std::size_t kPageBytes = std::size_t{1} * 1024 * 1024;

}  // namespace

// One call. Only the thread of the watches writes and finishes, so a call lives until it has done
// so.
class TransferWatches::Call final : public Reactor {
 public:
  Call(TransferWatches& watches, grpc::CallbackServerContext& context, Admission admission,
       int64_t position)
      : watches_(watches),
        admission_(std::move(admission)),
        position_(position),
        unread_(context) {}

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(watches_.mutex_);
    unread_.Stop();
    is_cancelled_ = is_cancelled_ || !ok;
    watches_.Wake();
  }
  void OnCancel() override {
    const std::lock_guard lock(watches_.mutex_);
    is_cancelled_ = true;
    watches_.Wake();
  }
  void OnDone() override {
    watches_.Remove(this);
    delete this;
  }

  bool IsWaiting() const { return !unread_.IsRunning(); }
  void Send(std::shared_ptr<const v1::WatchTransfersResponse> page) {
    page_ = std::move(page);
    position_ = page_->transfers().rbegin()->position();
    unread_.Start(watches_.clock_.MonotonicNow());
    StartWrite(page_.get());
  }
  void CancelIfUnread(Duration now, Duration limit) const { unread_.CancelIfUnread(now, limit); }
  void End(const absl::Status& status) {
    unread_.Start(watches_.clock_.MonotonicNow());
    Finish(LedgerBoundary().Finish(kMethod, status));
  }

  absl::Status Readmit() const { return admission_.Check(); }
  int64_t position() const { return position_; }
  void SkipTo(int64_t position) { position_ = position; }
  bool is_cancelled() const { return is_cancelled_; }

 private:
  TransferWatches& watches_;
  const Admission admission_;
  int64_t position_;
  // Runs while a page, or the call's end, is on its way to the client.
  UnreadTimer unread_;
  bool is_cancelled_ = false;
  std::shared_ptr<const v1::WatchTransfersResponse> page_;
};

namespace {

// A call that ends at once.
class RefusedCall final : public TransferWatches::Reactor {
 public:
  explicit RefusedCall(const absl::Status& status) {
    Finish(LedgerBoundary().Finish(kMethod, status));
  }
  void OnDone() override { delete this; }
};

}  // namespace

TransferWatches::TransferWatches(const WatchOptions& options, Store& store, Clock& clock,
                                 LedgerMetrics& metrics)
    : options_(options), store_(store), clock_(clock), metrics_(metrics), thread_([this] {
        Run();
      }) {}

TransferWatches::~TransferWatches() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    Wake();
  }
  thread_.join();
}

TransferWatches::Reactor* TransferWatches::Watch(grpc::CallbackServerContext& context,
                                                 int64_t position,
                                                 const absl::StatusOr<Admission>& admission) {
  if (!admission.ok()) return new RefusedCall(admission.status());
  const std::lock_guard lock(mutex_);
  if (is_draining_) return new RefusedCall(LedgerBoundary().Draining());
  if (calls_.size() >= options_.max_watches) {
    return new RefusedCall(LedgerBoundary().Overloaded("watches", options_.max_watches));
  }
  auto* call = new Call(*this, context, *admission, position);
  calls_.insert(call);
  metrics_.watch_streams.Set(static_cast<double>(calls_.size()));
  Wake();
  return call;
}

void TransferWatches::Notify() {
  const std::lock_guard lock(mutex_);
  if (!calls_.empty()) Wake();
}

void TransferWatches::Drain() {
  const std::lock_guard lock(mutex_);
  is_draining_ = true;
  Wake();
}

// With the lock.
void TransferWatches::Wake() {
  is_woken_ = true;
  changed_.notify_one();
}

void TransferWatches::Remove(Call* call) {
  const std::lock_guard lock(mutex_);
  calls_.erase(call);
  metrics_.watch_streams.Set(static_cast<double>(calls_.size()));
}

void TransferWatches::Run() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    is_woken_ = false;
    if (ServeAll(lock)) continue;
    if (calls_.empty()) {
      changed_.wait(lock, [this] { return is_woken_; });
    } else {
      changed_.wait_for(lock, options_.poll, [this] { return is_woken_; });
    }
  }
}

bool TransferWatches::ServeAll(std::unique_lock<std::mutex>& lock) {
  if (calls_.empty()) return false;
  const std::vector<Call*> calls(calls_.begin(), calls_.end());
  lock.unlock();
  // Once for all calls: who is at the end need not look.
  const auto newest = store_.LastPosition(options_.timeout);
  lock.lock();
  if (newest.ok()) last_position_ = *newest;
  bool was_busy = false;
  const Duration now = clock_.MonotonicNow();
  for (Call* call : calls) {
    if (!calls_.contains(call)) continue;
    call->CancelIfUnread(now,
                         is_draining_ ? std::min(options_.unread, kLastRead) : options_.unread);
    if (!call->IsWaiting()) continue;
    if (is_draining_) {
      call->End(LedgerBoundary().Draining());
    } else if (call->is_cancelled()) {
      call->End(absl::CancelledError("the client is gone"));
    } else if (const absl::Status admitted = call->Readmit(); !admitted.ok()) {
      call->End(admitted);
    } else if (!newest.ok()) {
      call->End(newest.status());
    } else if (call->position() < last_position_) {
      Serve(*call, lock);
      was_busy = true;
    }
  }
  return was_busy;
}

void TransferWatches::Serve(Call& call, std::unique_lock<std::mutex>& lock) {
  absl::Status read;
  if (page_after_ != call.position()) {
    lock.unlock();
    read = ReadPage(call.position());
    lock.lock();
  }
  if (!read.ok()) {
    call.End(read);
  } else if (!page_->transfers().empty()) {
    call.Send(page_);
  } else {  // up to there the log holds no committed transfer
    call.SkipTo(read_to_.value_or(last_position_));
  }
}

absl::Status TransferWatches::ReadPage(int64_t after) {
  page_after_ = -1;
  JB_ASSIGN_OR_RETURN(
      const auto listed,
      store_.ListTransfers({}, {.after = after, .limit = kPageItems}, options_.timeout));
  const std::vector<TransferRecord>& records = listed.transfers;
  auto page = std::make_shared<v1::WatchTransfersResponse>();
  std::size_t bytes = 0;
  for (auto record = records.begin(); record != records.end() && bytes <= kPageBytes; ++record) {
    v1::Transfer& transfer = *page->add_transfers();
    ToProto(*record, transfer);
    bytes += transfer.ByteSizeLong();
  }
  page_ = std::move(page);
  read_to_ = listed.read_to;
  // A page that ends with the log may have more by the time of the next call.
  if (records.size() == kPageItems || bytes > kPageBytes || read_to_.has_value()) {
    page_after_ = after;
  }
  return absl::OkStatus();
}

}  // namespace joulebook::ledger
