// The steps of every unary call: role, drain, bounded executor, deadline, final form of
// errors.
#pragma once

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <functional>
#include <string_view>
#include <utility>

#include "common/rpc/boundary.h"
#include "common/rpc/executor.h"
#include "common/rpc/server.h"

namespace joulebook {

// A caller's leave to go on with a long call. Its gate must outlive it.
class Admission {
 public:
  Admission(const Gate& gate, Identity identity) : gate_(&gate), identity_(std::move(identity)) {}

  const Identity& identity() const { return identity_; }
  // Asked before each message: TOKEN_EXPIRED once the token's time is up.
  absl::Status Check() const { return gate_->Readmit(identity_); }

 private:
  const Gate* gate_;
  Identity identity_;
};

// Thread-safe.
class CallRunner {
 public:
  struct Options {
    const Gate& gate;
    const Boundary& boundary;
    // The role that a method needs, by its name.
    Role (*role_of)(std::string_view method);
    Executor& executor;
    // How many calls may wait for it.
    std::size_t executor_limit;
    // The longest a call may take, whatever deadline it brings.
    Duration longest_call;
    // The queue's name in OVERLOADED.
    std::string_view queue = "calls";
  };
  using Work = std::function<absl::Status(const Identity& identity, Duration left)>;

  // The objects that the options refer to must outlive the runner.
  explicit CallRunner(const Options& options) : options_(options) {}

  // The caller, if it may call `method` and the service takes new calls.
  absl::StatusOr<Identity> Admit(const grpc::ServerContextBase& context,
                                 std::string_view method) const;

  // The same for a call of many messages.
  absl::StatusOr<Admission> AdmitLong(const grpc::ServerContextBase& context,
                                      std::string_view method) const;

  // Admits the call, then runs `work` on the executor and ends the call with its status. `method`
  // must be a literal.
  grpc::ServerUnaryReactor* Run(grpc::CallbackServerContext* context, std::string_view method,
                                const google::protobuf::MessageLite& request, Work work);

  // Has `work` for a request that was admitted run on the executor. RESOURCE_EXHAUSTED, OVERLOADED
  // when its queue is full.
  absl::Status Submit(const google::protobuf::MessageLite& request, std::function<void()> work);

  // New calls are refused with DRAINING.
  void BeginDrain() { draining_ = true; }

 private:
  const Options options_;
  std::atomic<bool> draining_ = false;
};

}  // namespace joulebook
