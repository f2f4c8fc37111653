#include "common/rpc/status_conversion.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace joulebook {

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const auto code = static_cast<grpc::StatusCode>(status.code());
  const std::string message(status.message());
  const auto info = GetErrorInfo(status);
  if (!info.has_value()) return grpc::Status(code, message);

  google::rpc::ErrorInfo detail;
  detail.set_reason(info->reason);
  detail.set_domain(info->domain);
  detail.mutable_metadata()->insert(info->metadata.begin(), info->metadata.end());
  google::rpc::Status rich;
  rich.set_code(static_cast<int>(code));
  rich.set_message(message);
  rich.add_details()->PackFrom(detail);
  return grpc::Status(code, message, rich.SerializeAsString());
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  google::rpc::Status rich;
  if (rich.ParseFromString(status.error_details())) {
    for (const auto& any : rich.details()) {
      google::rpc::ErrorInfo detail;
      if (!any.UnpackTo(&detail)) continue;
      return MakeError(
          code,
          {detail.reason(), detail.domain(), {detail.metadata().begin(), detail.metadata().end()}},
          status.error_message());
    }
  }
  return absl::Status(code, status.error_message());
}

}  // namespace joulebook
