#include "services/ledger/rpc/boundary.h"

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/rpc/status_conversion.h"
#include "services/ledger/domain/errors.h"
#include "services/ledger/domain/limits.h"

namespace joulebook::ledger {
namespace {

// The errors that come from below without a reason of ours.
absl::Status WithReason(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kResourceExhausted:
      return MakeError(status.code(), {"OVERLOADED", kErrorDomain, {}}, ToStd(status.message()));
    case absl::StatusCode::kUnavailable:
      return MakeError(status.code(), {"DATABASE_UNAVAILABLE", kErrorDomain, {}},
                       "the database cannot be reached, or a commit's fate is unknown: repeat "
                       "with the same ids");
    case absl::StatusCode::kDeadlineExceeded:
      return MakeError(status.code(), {"DEADLINE_PASSED", kErrorDomain, {}},
                       "the deadline passed before the call's turn");
    default:
      return MakeError(absl::StatusCode::kInternal, {"INTERNAL", kErrorDomain, {}},
                       "an internal error; the server's log has it");
  }
}

}  // namespace

grpc::Status Finish(std::string_view method, const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  if (GetErrorInfo(status).has_value()) return ToGrpcStatus(status);
  const absl::Status answered = WithReason(status);
  LogError("call failed", {{"rpc", std::string(method)},
                           {"code", absl::StatusCodeToString(answered.code())},
                           {"error", status.ToString()}});
  return ToGrpcStatus(answered);
}

absl::Status Draining() {
  return MakeError(absl::StatusCode::kUnavailable, {"DRAINING", kErrorDomain, {}},
                   "the server is shutting down");
}

absl::Status Overloaded(std::string_view queue, std::size_t limit) {
  return MakeError(absl::StatusCode::kResourceExhausted,
                   {"OVERLOADED",
                    kErrorDomain,
                    {{"queue", std::string(queue)}, {"limit", std::to_string(limit)}}},
                   absl::StrCat("the queue of ", ToAbsl(queue), " is full"));
}

absl::Status TooManyItems(std::size_t items) {
  return MakeError(absl::StatusCode::kInvalidArgument,
                   {"TOO_MANY_ITEMS",
                    kErrorDomain,
                    {{"limit", std::to_string(kMaxBatchItems)}, {"items", std::to_string(items)}}},
                   absl::StrCat("1 to ", kMaxBatchItems, " items are taken, not ", items));
}

}  // namespace joulebook::ledger
