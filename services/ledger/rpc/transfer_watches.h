// The WatchTransfers calls: one thread reads committed transfers page by page, in order of
// position, and hands each call what comes after its own position. Positions have no gaps and
// become visible in order, so what lies after a position is complete.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "common/rpc/call_runner.h"
#include "joulebook/ledger/v1/ledger_service.pb.h"
#include "services/ledger/engine/metrics.h"
#include "services/ledger/store/store.h"

namespace joulebook::ledger {

struct WatchOptions {
  // Open calls; more are refused at once.
  std::size_t max_watches = 256;
  // How often to look for what other replicas committed.
  Duration poll = std::chrono::milliseconds(100);
  // Longest read.
  Duration timeout = std::chrono::seconds(5);
  // A client that leaves a message unread for so long loses its stream.
  Duration unread = std::chrono::seconds(10);
};

// Thread-safe. Must outlive the server that uses its calls.
class TransferWatches {
 public:
  using Reactor = grpc::ServerWriteReactor<v1::WatchTransfersResponse>;

  // All must outlive the watches.
  TransferWatches(const WatchOptions& options, Store& store, Clock& clock, LedgerMetrics& metrics);
  ~TransferWatches();

  // A call that gets what comes after `position` while it is admitted; or, when `admission` is an
  // error, that error.
  Reactor* Watch(grpc::CallbackServerContext& context, int64_t position,
                 const absl::StatusOr<Admission>& admission);
  // Something was committed by this replica.
  void Notify();
  // Ends all calls, and every new one, with DRAINING; cancels those whose client does not read.
  void Drain();

 private:
  class Call;

  void Run();
  // Serves every call that waits; whether there was anything to do.
  bool ServeAll(std::unique_lock<std::mutex>& lock);
  void Serve(Call& call, std::unique_lock<std::mutex>& lock);
  absl::Status ReadPage(int64_t after);
  void Remove(Call* call);
  void Wake();

  const WatchOptions options_;
  Store& store_;
  Clock& clock_;
  LedgerMetrics& metrics_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<Call*> calls_;
  bool is_draining_ = false;
  bool is_stopping_ = false;
  bool is_woken_ = false;

  // For the thread alone: the newest position known, and the page read last, with TransferPage's
  // read_to.
  int64_t last_position_ = 0;
  int64_t page_after_ = -1;
  std::shared_ptr<const v1::WatchTransfersResponse> page_;
  std::optional<int64_t> read_to_;

  std::thread thread_;
};

}  // namespace joulebook::ledger
