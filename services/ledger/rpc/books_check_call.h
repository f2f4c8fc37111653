// The CheckBooks call: a check on a thread of its own, one at a time.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

#include "common/rpc/call_runner.h"
#include "joulebook/ledger/v1/ledger_service.pb.h"
#include "services/ledger/engine/metrics.h"
#include "services/ledger/store/log_store.h"

namespace joulebook::ledger {

// Thread-safe. Must outlive the server that uses its calls.
class BooksChecks {
 public:
  using Reactor = grpc::ServerWriteReactor<v1::CheckBooksResponse>;

  // All must outlive the checks. A client that leaves a message unread for `unread` loses its
  // stream.
  BooksChecks(LogStore& store, Clock& clock, LedgerMetrics& metrics, Duration unread)
      : store_(store), clock_(clock), metrics_(metrics), unread_(unread) {}
  ~BooksChecks();

  // A call that checks the books within `timeout` while it is admitted; or, when `admission` is an
  // error, that error.
  // RESOURCE_EXHAUSTED while another check runs.
  Reactor* Check(grpc::CallbackServerContext& context, Duration timeout,
                 const absl::StatusOr<Admission>& admission);
  // Gives up the check that runs, waits for no client that does not read, and refuses new ones.
  void Drain() { is_draining_ = true; }

 private:
  class Call;

  LogStore& store_;
  Clock& clock_;
  LedgerMetrics& metrics_;
  const Duration unread_;
  std::atomic<bool> is_draining_ = false;
  std::mutex mutex_;
  bool is_running_ = false;
  std::thread thread_;
};

}  // namespace joulebook::ledger
