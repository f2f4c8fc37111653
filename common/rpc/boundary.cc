#include "common/rpc/boundary.h"

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/rpc/status_conversion.h"

namespace joulebook {

// The errors that come from below without a reason of ours.
absl::Status Boundary::WithReason(const absl::Status& status) const {
  switch (status.code()) {
    case absl::StatusCode::kResourceExhausted:
      return MakeError(status.code(), {"OVERLOADED", domain_, {}}, ToStd(status.message()));
    case absl::StatusCode::kUnavailable:
      return MakeError(status.code(), {"DATABASE_UNAVAILABLE", domain_, {}},
                       "the database cannot be reached, or a commit's fate is unknown: repeat "
                       "with the same ids");
    case absl::StatusCode::kDeadlineExceeded:
      return MakeError(status.code(), {"DEADLINE_PASSED", domain_, {}},
                       "the deadline passed before the call's turn");
    default:
      return MakeError(absl::StatusCode::kInternal, {"INTERNAL", domain_, {}},
                       "an internal error; the server's log has it");
  }
}

grpc::Status Boundary::Finish(std::string_view method, const absl::Status& status) const {
  if (status.ok()) return grpc::Status::OK;
  // The client is gone: nobody is answered, and it is no fault of ours.
  if (absl::IsCancelled(status) || GetErrorInfo(status).has_value()) return ToGrpcStatus(status);
  const absl::Status answered = WithReason(status);
  LogError("call failed", {{"rpc", std::string(method)},
                           {"code", absl::StatusCodeToString(answered.code())},
                           {"error", status.ToString()}});
  return ToGrpcStatus(answered);
}

absl::Status Boundary::Draining() const {
  return MakeError(absl::StatusCode::kUnavailable, {"DRAINING", domain_, {}},
                   "the server is shutting down");
}

absl::Status Boundary::Overloaded(std::string_view queue, std::size_t limit) const {
  return MakeError(
      absl::StatusCode::kResourceExhausted,
      {"OVERLOADED", domain_, {{"queue", std::string(queue)}, {"limit", std::to_string(limit)}}},
      absl::StrCat("the queue of ", ToAbsl(queue), " is full"));
}

absl::Status Boundary::CheckItems(std::size_t items, std::size_t limit) const {
  if (items > 0 && items <= limit) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInvalidArgument,
                   {"TOO_MANY_ITEMS",
                    domain_,
                    {{"limit", std::to_string(limit)}, {"items", std::to_string(items)}}},
                   absl::StrCat("1 to ", limit, " items are taken, not ", items));
}

}  // namespace joulebook
