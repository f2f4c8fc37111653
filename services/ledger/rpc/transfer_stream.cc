#include "services/ledger/rpc/transfer_stream.h"

#include <utility>

#include "services/ledger/domain/limits.h"
#include "services/ledger/rpc/boundary.h"
#include "services/ledger/rpc/convert_transfer.h"

namespace joulebook::ledger {
namespace {
constexpr char kMethod[] = "StreamTransfers";
}  // namespace

TransferStream::TransferStream(GroupCommitter& committer, QuoteCheck is_signed_quote,
                               Duration deadline, std::function<void(TransferStream*)> on_done)
    : committer_(committer),
      is_signed_quote_(std::move(is_signed_quote)),
      deadline_(deadline),
      on_done_(std::move(on_done)) {}

void TransferStream::Start() {
  const std::lock_guard lock(mutex_);
  Proceed();
}

void TransferStream::Refuse(const absl::Status& status) {
  const std::lock_guard lock(mutex_);
  End(status);
  Proceed();
}

void TransferStream::Drain() {
  const std::lock_guard lock(mutex_);
  End(Draining());
  Proceed();
}

void TransferStream::OnReadDone(bool ok) {
  const std::lock_guard lock(mutex_);
  is_reading_ = false;
  if (!ok) {
    End(absl::OkStatus());
  } else if (!end_.has_value()) {
    Take();
  }
  Proceed();
}

void TransferStream::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  is_writing_ = false;
  slots_.pop_front();
  if (!ok) {
    is_broken_ = true;
    End(absl::CancelledError("the client is gone"));
  }
  Proceed();
}

void TransferStream::OnDone() {
  on_done_(this);
  delete this;
}

void TransferStream::Take() {
  const auto count = static_cast<std::size_t>(incoming_.transfers_size());
  if (count == 0 || count > kMaxBatchItems) {
    End(TooManyItems(count));
    return;
  }
  auto slot = std::make_shared<Slot>();
  slot->request.Swap(&incoming_);
  slots_.push_back(slot);
  const absl::Status submitted = committer_.SubmitTransfers(
      ToItems(slot->request.transfers(), is_signed_quote_), deadline_,
      [this, slot](absl::StatusOr<std::vector<TransferOutcome>> outcomes) {
        Complete(slot, std::move(outcomes));
      });
  if (!submitted.ok()) {
    slots_.pop_back();
    End(submitted);
  }
}

void TransferStream::Complete(const std::shared_ptr<Slot>& slot,
                              absl::StatusOr<std::vector<TransferOutcome>> outcomes) {
  if (outcomes.ok()) {
    ToProto(slot->request.transfers(), *outcomes, *slot->response.mutable_results());
  }
  const std::lock_guard lock(mutex_);
  slot->is_ready = true;
  slot->has_failed = !outcomes.ok();
  if (slot->has_failed) End(outcomes.status());
  Proceed();
}

// The first reason to end wins, except that an error replaces the client's own half-close.
void TransferStream::End(const absl::Status& status) {
  if (!end_.has_value() || end_->ok()) end_ = status;
}

void TransferStream::Proceed() {
  if (is_finished_) return;
  // A response is sent only if all before it were: after a failure the rest stays unanswered, and
  // the client repeats it.
  while (!is_writing_ && !slots_.empty() && slots_.front()->is_ready) {
    is_broken_ = is_broken_ || slots_.front()->has_failed;
    if (is_broken_) {
      slots_.pop_front();
      continue;
    }
    is_writing_ = true;
    StartWrite(&slots_.front()->response);
  }
  if (!end_.has_value() && !is_reading_ && slots_.size() < kMaxInWork) {
    is_reading_ = true;
    StartRead(&incoming_);
  }
  if (end_.has_value() && slots_.empty()) {
    is_finished_ = true;
    grpc::ServerBidiReactor<v1::StreamTransfersRequest, v1::StreamTransfersResponse>::Finish(
        joulebook::ledger::Finish(kMethod, *end_));
  }
}

}  // namespace joulebook::ledger
