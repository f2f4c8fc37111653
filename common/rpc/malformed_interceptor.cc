#include "common/rpc/malformed_interceptor.h"

#include <google/protobuf/descriptor.h>

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/status_conversion.h"
#include "common/status/check.h"

namespace joulebook {
namespace {

using grpc::experimental::InterceptionHookPoints;

class MalformedInterceptor final : public grpc::experimental::Interceptor {
 public:
  explicit MalformedInterceptor(const std::string& domain) : domain_(domain) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS) &&
        methods->GetSendStatus().error_code() == grpc::StatusCode::UNIMPLEMENTED) {
      methods->ModifySendStatus(ToGrpcStatus(
          MakeError(absl::StatusCode::kInvalidArgument, {"MESSAGE_MALFORMED", domain_, {}},
                    "the request cannot be parsed: it is no message of this method, "
                    "or one of its strings is no UTF-8")));
    }
    methods->Proceed();
  }

 private:
  const std::string& domain_;
};

class MalformedInterceptorFactory final
    : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  MalformedInterceptorFactory(const std::vector<std::string>& services, std::string domain)
      : domain_(std::move(domain)) {
    const auto* pool = google::protobuf::DescriptorPool::generated_pool();
    for (const std::string& name : services) {
      const auto* service = pool->FindServiceByName(name);
      JB_CHECK(service != nullptr);
      for (int i = 0; i < service->method_count(); ++i) {
        methods_.insert(absl::StrCat("/", name, "/", service->method(i)->name()));
      }
    }
  }

  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override {
    return methods_.contains(info->method()) ? new MalformedInterceptor(domain_) : nullptr;
  }

 private:
  std::set<std::string> methods_;  // "/SERVICE/METHOD"
  const std::string domain_;
};

}  // namespace

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeMalformedInterceptor(
    const std::vector<std::string>& services, std::string domain) {
  return std::make_unique<MalformedInterceptorFactory>(services, std::move(domain));
}

}  // namespace joulebook
