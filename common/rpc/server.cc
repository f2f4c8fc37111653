#include "common/rpc/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/rpc/malformed_interceptor.h"
#include "common/rpc/metrics_interceptor.h"

namespace joulebook {
namespace {

constexpr std::string_view kBearer = "Bearer ";

bool IsLoopback(std::string_view listen) {
  return listen.starts_with("127.") || listen.starts_with("localhost:") ||
         listen.starts_with("[::1]:") || listen.starts_with("unix:");
}

std::shared_ptr<grpc::ServerCredentials> MakeCredentials(const ServerConfig& config) {
  if (config.tls_certificate.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back({config.tls_key, config.tls_certificate});
  if (!config.tls_client_ca.empty()) {
    options.pem_root_certs = config.tls_client_ca;
    options.client_certificate_request = GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
  }
  return grpc::SslServerCredentials(options);
}

void Limit(grpc::ServerBuilder& builder, const ServerConfig& config) {
  builder.SetMaxReceiveMessageSize(static_cast<int>(config.max_message_bytes));
  builder.SetMaxSendMessageSize(static_cast<int>(config.max_message_bytes));
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE,
                             static_cast<int>(config.max_metadata_bytes));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             static_cast<int>(config.max_concurrent_streams));
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

}  // namespace

void ServerConfig::AddTo(Settings& settings) {
  settings.Text("listen", &listen, "gRPC address, host:port; port 0 chooses one");
  settings.Flag("allow-plaintext", &allow_plaintext,
                "serve without TLS on an address that is not loopback");
  settings.Secret("tls-certificate", &tls_certificate, "PEM certificate chain; turns TLS on");
  settings.Secret("tls-key", &tls_key, "PEM private key of the certificate");
  settings.Secret("tls-client-ca", &tls_client_ca, "PEM CA that client certificates must be from");
  settings.Secret("tokens", &tokens, "bearer tokens: lines of SHA256 ROLE[,ROLE...] EXPIRY NAME");
  settings.Flag("allow-anonymous", &allow_anonymous,
                "without tokens, serve callers on an address that is not loopback, with all roles");
  settings.Integer("max-message-bytes", &max_message_bytes, {1024, 1 << 30},
                   "largest message either way; a full batch needs about 4 MiB");
  settings.Integer("max-metadata-bytes", &max_metadata_bytes, {1024, 1 << 20},
                   "largest metadata of a call");
  settings.Integer("max-concurrent-streams", &max_concurrent_streams, {1, 1 << 20},
                   "calls in flight per connection");
  settings.Integer("drain-timeout-ms", &drain_timeout_ms, {0, 600'000},
                   "how long SIGTERM waits for running calls");
  settings.Integer("health-interval-ms", &health_interval_ms, {10, 60'000},
                   "how often health asks the database");
}

absl::Status ServerConfig::Validate() const {
  if (tls_certificate.empty() != tls_key.empty()) {
    return absl::InvalidArgumentError("tls-certificate and tls-key go together");
  }
  if (!tls_client_ca.empty() && tls_certificate.empty()) {
    return absl::InvalidArgumentError("tls-client-ca needs tls-certificate");
  }
  if (IsLoopback(listen)) return absl::OkStatus();
  if (tls_certificate.empty() && !allow_plaintext) {
    return absl::InvalidArgumentError(
        "listen is not loopback: set tls-certificate, or allow-plaintext to do without TLS");
  }
  if (tokens.empty() && tls_client_ca.empty() && !allow_anonymous) {
    return absl::InvalidArgumentError(
        "listen is not loopback: set tokens, tls-client-ca, or allow-anonymous");
  }
  return absl::OkStatus();
}

absl::StatusOr<Gate> Gate::Make(const ServerConfig& config, std::string domain, Clock& clock) {
  JB_ASSIGN_OR_RETURN(TokenTable tokens, TokenTable::Parse(config.tokens));
  return Gate(std::move(tokens), config.tokens.empty(), std::move(domain), clock);
}

absl::StatusOr<Identity> Gate::Admit(const grpc::ServerContextBase& context, Role needed) const {
  if (open_) return Identity{"anonymous", Roles::All()};
  std::string_view token;
  const auto range = context.client_metadata().equal_range("authorization");
  for (auto it = range.first; it != range.second; ++it) {
    const std::string_view value(it->second.data(), it->second.size());
    if (value.starts_with(kBearer)) token = value.substr(kBearer.size());
  }
  JB_ASSIGN_OR_RETURN(Identity identity, tokens_.Authenticate(token, clock_->Now(), domain_));
  JB_RETURN_IF_ERROR(CheckRole(identity, needed, domain_));
  return identity;
}

absl::Status Gate::Readmit(const Identity& identity) const {
  return CheckExpiry(identity, clock_->Now(), domain_);
}

Duration TimeLeft(const grpc::ServerContextBase& context, Duration longest) {
  const gpr_timespec left =
      gpr_time_sub(gpr_convert_clock_type(context.raw_deadline(), GPR_CLOCK_MONOTONIC),
                   gpr_now(GPR_CLOCK_MONOTONIC));
  return std::min(longest,
                  Duration(static_cast<int64_t>(
                      gpr_timespec_to_micros(left) < 1e15 ? gpr_timespec_to_micros(left) : 1e15)));
}

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(
    Options options, const std::vector<grpc::Service*>& services, Metrics& metrics, Clock& clock,
    Timers& timers) {
  JB_RETURN_IF_ERROR(options.config.Validate());
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();

  std::unique_ptr<RpcServer> result(new RpcServer);
  result->options_ = std::move(options);
  const ServerConfig& config = result->options_.config;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(config.listen, MakeCredentials(config), &result->port_);
  Limit(builder, config);
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(MakeMetricsInterceptor(result->options_.service_names, metrics, clock));
  interceptors.push_back(
      MakeMalformedInterceptor(result->options_.service_names, result->options_.error_domain));
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  for (grpc::Service* service : services) builder.RegisterService(service);
  result->server_ = builder.BuildAndStart();
  if (result->server_ == nullptr || result->port_ == 0) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", config.listen));
  }
  result->UpdateHealth();
  result->health_timer_ = timers.RunEvery(std::chrono::milliseconds(config.health_interval_ms),
                                          [server = result.get()] { server->UpdateHealth(); });
  return result;
}

RpcServer::~RpcServer() {
  if (server_ != nullptr) Shutdown();
}

void RpcServer::UpdateHealth() {
  const absl::Status probed = draining_ ? absl::UnavailableError("draining") : options_.probe();
  auto* health = server_->GetHealthCheckService();
  health->SetServingStatus(probed.ok());
  for (const std::string& name : options_.service_names) {
    health->SetServingStatus(name, probed.ok());
  }
  if (probed.ok() != was_serving_) {
    was_serving_ = probed.ok();
    probed.ok() ? LogInfo("serving") : LogWarning("not serving", {{"why", probed.ToString()}});
  }
}

void RpcServer::BeginDrain() {
  draining_ = true;
  server_->GetHealthCheckService()->Shutdown();  // NOT_SERVING at once, whatever a probe waits for
  health_timer_.reset();
  UpdateHealth();
}

void RpcServer::Shutdown() {
  if (!draining_) BeginDrain();
  server_->Shutdown(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                   gpr_time_from_millis(options_.config.drain_timeout_ms, GPR_TIMESPAN)));
  server_->Wait();
  server_.reset();
}

}  // namespace joulebook
