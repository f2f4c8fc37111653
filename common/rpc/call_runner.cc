#include "common/rpc/call_runner.h"

#include <utility>

namespace joulebook {

absl::StatusOr<Identity> CallRunner::Admit(const grpc::ServerContextBase& context,
                                           std::string_view method) const {
  JB_ASSIGN_OR_RETURN(Identity identity, options_.gate.Admit(context, options_.role_of(method)));
  if (draining_) return options_.boundary.Draining();
  return identity;
}

absl::StatusOr<Admission> CallRunner::AdmitLong(const grpc::ServerContextBase& context,
                                                std::string_view method) const {
  JB_ASSIGN_OR_RETURN(Identity identity, Admit(context, method));
  return Admission(options_.gate, std::move(identity));
}

grpc::ServerUnaryReactor* CallRunner::Run(grpc::CallbackServerContext* context,
                                          std::string_view method, Work work) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const Boundary& boundary = options_.boundary;
  const auto identity = Admit(*context, method);
  if (!identity.ok()) {
    reactor->Finish(boundary.Finish(method, identity.status()));
    return reactor;
  }
  const bool accepted = options_.executor.TrySubmit([this, context, reactor, method,
                                                     identity = *identity, work = std::move(work)] {
    const Duration left = TimeLeft(*context, options_.longest_call);
    const absl::Status status = left > Duration(0)
                                    ? work(identity, left)
                                    : absl::DeadlineExceededError("waited too long for a thread");
    reactor->Finish(options_.boundary.Finish(method, status));
  });
  if (!accepted) {
    reactor->Finish(
        boundary.Finish(method, boundary.Overloaded(options_.queue, options_.executor_limit)));
  }
  return reactor;
}

}  // namespace joulebook
