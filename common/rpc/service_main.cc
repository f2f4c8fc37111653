#include "common/rpc/service_main.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <grpcpp/generic/generic_stub.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/log/log.h"
#include "common/rpc/client.h"
#include "common/rpc/status_conversion.h"

namespace joulebook {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr int kExitTryAgain = 75;  // EX_TEMPFAIL of sysexits.h
constexpr char kVersion[] = "0.1.0";
constexpr Duration kHealthTimeout = std::chrono::seconds(2);
constexpr char kHealthCheck[] = "/grpc.health.v1.Health/Check";
// HealthCheckResponse{status: SERVING}: field 1, varint 1.
constexpr std::string_view kServing("\x08\x01", 2);

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

int Report(const absl::Status& status, int exit_code) {
  if (status.ok()) return kExitOk;
  LogError("failed", {{"error", status.ToString()}});
  return exit_code;
}

// The health service's answer is two bytes; a generic call spares us its generated code.
absl::Status CheckHealth(const std::string& address) {
  grpc::GenericStub stub(MakeChannel({.target = address}));
  grpc::ClientContext context;
  PrepareCall(context, kHealthTimeout, "");
  grpc::CompletionQueue queue;
  grpc::ByteBuffer request, response;
  grpc::Status status;
  grpc::Slice nothing;
  request = grpc::ByteBuffer(&nothing, 1);
  const auto call = stub.PrepareUnaryCall(&context, kHealthCheck, request, &queue);
  call->StartCall();
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  JB_RETURN_IF_ERROR(FromGrpcStatus(status));
  grpc::Slice slice;
  if (response.TrySingleSlice(&slice).ok() &&
      std::string_view(reinterpret_cast<const char*>(slice.begin()), slice.size()) == kServing) {
    return absl::OkStatus();
  }
  return absl::UnavailableError("the service is not serving");
}

// Logs gRPC's texts, which would go to standard error bare. Silences protobuf's complaints about
// messages that cannot be parsed: their senders are told, and the log must not fill.
void LogLibraries() {
  google::protobuf::SetLogHandler(nullptr);
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
  gpr_set_log_function([](gpr_log_func_args* args) {
    LogWarning("grpc", {{"text", std::string(args->message)}});
  });
}

}  // namespace

absl::Status MigrateSchema(const std::string& connection, const std::string& schema,
                           std::span<const Migration> migrations) {
  JB_ASSIGN_OR_RETURN(const int applied, Migrate(connection, schema, migrations));
  LogInfo("migrated", {{"applied", int64_t{applied}}});
  return absl::OkStatus();
}

int RunServiceMain(const ServiceMain& service, int argc, char** argv) {
  // gRPC's own locks pay for deadlock detection too; tests keep it on, production does without.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  SetLogService(service.name);
  LogLibraries();

  bool version = false, check_config = false, reference = false;
  service.settings.Flag("version", &version, "print the version and end");
  service.settings.Flag("check-config", &check_config,
                        "print the effective settings, say whether they go together, and end");
  service.settings.Flag("settings-reference", &reference, "print this table and end");
  const absl::Status parsed = service.settings.Parse(argc, argv, environ);
  if (!parsed.ok()) return Report(parsed, kExitUsage);
  if (version || check_config || reference) {
    const std::string text = version        ? absl::StrCat(service.name, " ", kVersion, "\n")
                             : check_config ? service.settings.Effective()
                                            : service.settings.Reference();
    std::fputs(text.c_str(), stdout);
    return check_config ? Report(service.validate(), kExitUsage) : kExitOk;
  }

  const auto& commands = service.settings.commands();
  if (commands.empty()) {
    const absl::Status valid = service.validate();
    if (!valid.ok()) return Report(valid, kExitUsage);
    return Report(service.serve([&signals] {
      int received = 0;
      sigwait(&signals, &received);
      LogInfo("stopping", {{"signal", int64_t{received}}});
    }),
                  kExitFailed);
  }
  if (commands.size() == 1 && commands[0] == "migrate") {
    const absl::Status migrated = service.migrate();
    return Report(migrated, absl::IsUnavailable(migrated) ? kExitTryAgain : kExitFailed);
  }
  if (commands.size() == 1 && commands[0] == "healthcheck") {
    return Report(CheckHealth(service.listen_address()), kExitFailed);
  }
  if (const auto own = service.commands.find(commands[0]); own != service.commands.end()) {
    return Report(own->second({commands.begin() + 1, commands.end()}), kExitFailed);
  }
  return Report(absl::InvalidArgumentError(absl::StrCat("unknown command ", commands[0])),
                kExitUsage);
}

}  // namespace joulebook
