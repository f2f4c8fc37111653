// One StreamTransfers call: requests go to the committer as they come, responses come back in the
// order of the requests, at most kMaxInWork of them at once.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "joulebook/ledger/v1/ledger_service.pb.h"
#include "services/ledger/engine/group_committer.h"
#include "services/ledger/rpc/convert_transfer.h"

namespace joulebook::ledger {

// Deletes itself when the call is over.
class TransferStream final
    : public grpc::ServerBidiReactor<v1::StreamTransfersRequest, v1::StreamTransfersResponse> {
 public:
  static constexpr std::size_t kMaxInWork = 16;

  // `on_done` is called last, with this stream. `deadline` is of the monotonic clock.
  TransferStream(GroupCommitter& committer, QuoteCheck is_signed_quote, Duration deadline,
                 std::function<void(TransferStream*)> on_done);

  // Starts reading; or, for a call that is refused, ends it.
  void Start();
  void Refuse(const absl::Status& status);
  // Answers what is in work, reads nothing more, and ends the call with DRAINING.
  void Drain();

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone() override;

 private:
  struct Slot {
    v1::StreamTransfersRequest request;
    v1::StreamTransfersResponse response;
    bool is_ready = false;
    bool has_failed = false;
  };

  // All of these need the lock.
  void Take();
  void End(const absl::Status& status);
  void Proceed();

  void Complete(const std::shared_ptr<Slot>& slot,
                absl::StatusOr<std::vector<TransferOutcome>> outcomes);

  GroupCommitter& committer_;
  const QuoteCheck is_signed_quote_;
  const Duration deadline_;
  const std::function<void(TransferStream*)> on_done_;

  std::mutex mutex_;
  v1::StreamTransfersRequest incoming_;
  std::deque<std::shared_ptr<Slot>> slots_;
  bool is_reading_ = false;
  bool is_writing_ = false;
  bool is_finished_ = false;
  // A response could not be given, so none after it is.
  bool is_broken_ = false;
  // Set once nothing more is read: how the call ends when the slots are empty.
  std::optional<absl::Status> end_;
};

}  // namespace joulebook::ledger
