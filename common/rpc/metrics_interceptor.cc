#include "common/rpc/metrics_interceptor.h"

#include <google/protobuf/descriptor.h>

#include <array>
#include <map>

#include "absl/strings/str_cat.h"
#include "common/status/check.h"

namespace joulebook {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;

constexpr std::array<const char*, 17> kCodeNames = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

const char* TypeName(const google::protobuf::MethodDescriptor& method) {
  if (method.client_streaming()) {
    return method.server_streaming() ? "bidi_stream" : "client_stream";
  }
  return method.server_streaming() ? "server_stream" : "unary";
}

// The children of one method, looked up once.
struct MethodMetrics {
  MethodMetrics(Metrics& metrics, const google::protobuf::MethodDescriptor& method) {
    const MetricLabels labels = {{"grpc_type", TypeName(method)},
                                 {"grpc_service", method.service()->full_name()},
                                 {"grpc_method", method.name()}};
    started = &metrics.Counter("grpc_server_started_total", "RPCs started on the server.", labels);
    received = &metrics.Counter("grpc_server_msg_received_total",
                                "Messages received on the server.", labels);
    sent = &metrics.Counter("grpc_server_msg_sent_total", "Messages sent by the server.", labels);
    seconds = &metrics.Histogram("grpc_server_handling_seconds",
                                 "Time from start to end of an RPC, in seconds.",
                                 LatencySecondsBounds(), labels);
    for (std::size_t code = 0; code < kCodeNames.size(); ++code) {
      MetricLabels with_code = labels;
      with_code["grpc_code"] = kCodeNames[code];
      handled[code] =
          &metrics.Counter("grpc_server_handled_total",
                           "RPCs completed on the server, whatever the outcome.", with_code);
    }
  }

  prometheus::Counter* started;
  prometheus::Counter* received;
  prometheus::Counter* sent;
  prometheus::Histogram* seconds;
  std::array<prometheus::Counter*, kCodeNames.size()> handled{};
};

class MetricsInterceptor final : public grpc::experimental::Interceptor {
 public:
  // `metrics` may be null: the method is not counted.
  MetricsInterceptor(const MethodMetrics* metrics, Clock& clock)
      : metrics_(metrics), clock_(clock), start_(clock.MonotonicNow()) {
    if (metrics_ != nullptr) metrics_->started->Increment();
  }

  void Intercept(InterceptorBatchMethods* methods) override {
    if (metrics_ != nullptr) Count(*methods);
    methods->Proceed();
  }

 private:
  void Count(InterceptorBatchMethods& methods) {
    if (methods.QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_MESSAGE) &&
        methods.GetRecvMessage() != nullptr) {
      metrics_->received->Increment();
    }
    if (methods.QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_MESSAGE)) {
      metrics_->sent->Increment();
    }
    if (methods.QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const auto code = static_cast<std::size_t>(methods.GetSendStatus().error_code());
      if (code < kCodeNames.size()) metrics_->handled[code]->Increment();
      metrics_->seconds->Observe(
          std::chrono::duration<double>(clock_.MonotonicNow() - start_).count());
    }
  }

  const MethodMetrics* const metrics_;
  Clock& clock_;
  const Duration start_;
};

class MetricsInterceptorFactory final
    : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  MetricsInterceptorFactory(const std::vector<std::string>& services, Metrics& metrics,
                            Clock& clock)
      : clock_(clock) {
    const auto* pool = google::protobuf::DescriptorPool::generated_pool();
    for (const std::string& name : services) {
      const auto* service = pool->FindServiceByName(name);
      JB_CHECK(service != nullptr);
      for (int i = 0; i < service->method_count(); ++i) {
        const auto& method = *service->method(i);
        methods_.emplace(absl::StrCat("/", name, "/", method.name()),
                         MethodMetrics(metrics, method));
      }
    }
  }

  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override {
    const auto it = methods_.find(std::string_view(info->method()));
    return new MetricsInterceptor(it == methods_.end() ? nullptr : &it->second, clock_);
  }

 private:
  std::map<std::string, MethodMetrics, std::less<>> methods_;
  Clock& clock_;
};

}  // namespace

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeMetricsInterceptor(
    const std::vector<std::string>& services, Metrics& metrics, Clock& clock) {
  return std::make_unique<MetricsInterceptorFactory>(services, metrics, clock);
}

}  // namespace joulebook
