#include "common/rpc/call_runner.h"

#include <utility>

#include "absl/strings/str_cat.h"

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
                                          std::string_view method,
                                          const google::protobuf::MessageLite& request, Work work) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const auto finish = [this, reactor, method](const absl::Status& status) {
    reactor->Finish(options_.boundary.Finish(method, status));
  };
  const auto identity = Admit(*context, method);
  absl::Status status = identity.status();
  if (status.ok()) {
    status = Submit(request, [this, context, finish, identity = *identity, work = std::move(work)] {
      const Duration left = TimeLeft(*context, options_.longest_call);
      finish(left > Duration(0) ? work(identity, left)
                                : absl::DeadlineExceededError("waited too long for a thread"));
    });
  }
  if (!status.ok()) finish(status);
  return reactor;
}

absl::Status CallRunner::Submit(const google::protobuf::MessageLite& request,
                                std::function<void()> work) {
  const Executor::Taken taken =
      options_.executor.TrySubmit(std::move(work), request.ByteSizeLong());
  if (taken == Executor::Taken::kTooMany) {
    return options_.boundary.Overloaded(options_.queue, options_.executor_limit);
  }
  if (taken == Executor::Taken::kTooManyBytes) {
    return options_.boundary.Overloaded(absl::StrCat("bytes of ", ToAbsl(options_.queue)),
                                        options_.executor.max_queued_bytes());
  }
  return absl::OkStatus();
}

}  // namespace joulebook
