#include "services/ledger/app.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "common/crypto/ed25519.h"
#include "common/log/log.h"
#include "common/rpc/service_main.h"
#include "services/ledger/domain/errors.h"
#include "services/ledger/rpc/ledger_service.h"
#include "services/ledger/store/pg_store.h"

namespace joulebook::ledger {
namespace {

// Connections that are not the reading threads': committer, sweeper, health.
constexpr int64_t kOwnConnections = 3;

struct Config {
  ServerConfig server{.listen = "127.0.0.1:7101"};
  std::string metrics_listen = "127.0.0.1:7201";
  std::string database = "host=127.0.0.1 dbname=joulebook user=ledger";
  std::string database_password;
  int64_t database_pool = 8;
  int64_t statement_timeout_ms = 5'000;
  int64_t call_timeout_ms = 10'000;
  int64_t read_threads = 4;
  int64_t read_queue = 256;
  int64_t transfer_queue = int64_t{16} * 8'190;
  int64_t group_items = 8'190;
  int64_t commit_timeout_ms = 5'000;
  int64_t commit_spin_us = 300;
  int64_t cached_items = 200'000;
  int64_t expiry_interval_ms = 250;
  int64_t expiry_batch = 1'000;

  void AddTo(Settings& settings) {
    server.AddTo(settings);
    settings.Text("metrics-listen", &metrics_listen, "HTTP address of /metrics");
    settings.Text("database", &database, "PostgreSQL connection string");
    settings.Secret("database-password", &database_password, "password of the connection's user");
    settings.Integer("database-pool", &database_pool, {2, 256}, "connections at most");
    settings.Integer("statement-timeout-ms", &statement_timeout_ms, {100, 600'000},
                     "longest single statement");
    settings.Integer("call-timeout-ms", &call_timeout_ms, {100, 600'000},
                     "longest call, whatever its deadline");
    settings.Integer("read-threads", &read_threads, {1, 256}, "calls that read at once");
    settings.Integer("read-queue", &read_queue, {1, 1'000'000}, "calls that wait for a thread");
    settings.Integer("transfer-queue", &transfer_queue, {8'190, 10'000'000},
                     "transfers that wait for their commit");
    settings.Integer("group-items", &group_items, {1, 1'000'000}, "transfers in one commit");
    settings.Integer("commit-timeout-ms", &commit_timeout_ms, {100, 600'000}, "longest commit");
    settings.Integer("commit-spin-us", &commit_spin_us, {0, 10'000},
                     "how long the writer looks for a small commit's answer before it sleeps");
    settings.Integer("cached-items", &cached_items, {2, 100'000'000},
                     "accounts, holds and members that the writer remembers, of each");
    settings.Integer("expiry-interval-ms", &expiry_interval_ms, {10, 600'000},
                     "how often holds whose time is up are released");
    settings.Integer("expiry-batch", &expiry_batch, {1, 100'000}, "holds released in one commit");
  }

  absl::Status Validate() const {
    if (database_pool >= read_threads + kOwnConnections) return absl::OkStatus();
    return absl::InvalidArgumentError(
        "database-pool must be at least read-threads + 3: one connection each for the committer, "
        "the sweeper and health");
  }

  std::string Connection() const {
    if (database_password.empty()) return database;
    std::string quoted;
    for (const char c : database_password) {
      if (c == '\'' || c == '\\') quoted.push_back('\\');
      quoted.push_back(c);
    }
    return absl::StrCat(database, " password='", quoted, "'");
  }
};

std::chrono::milliseconds Ms(int64_t ms) { return std::chrono::milliseconds(ms); }

// Everything that a running ledger consists of, in order of construction.
class App {
 public:
  explicit App(const Config& config, Gate gate)
      : config_(config),
        gate_(std::move(gate)),
        pool_({config.Connection(), static_cast<int>(config.database_pool),
               Ms(config.statement_timeout_ms)}),
        store_(MakePgStore({pool_, clock_, *random_, sleeper_},
                           {{config.Connection(), std::chrono::seconds(2),
                             Ms(config.statement_timeout_ms), Duration(config.commit_spin_us)},
                            static_cast<std::size_t>(config.cached_items)})),
        ledger_metrics_(metrics_),
        committer_({static_cast<std::size_t>(config.transfer_queue),
                    static_cast<std::size_t>(config.group_items), Ms(config.commit_timeout_ms)},
                   VerifyEd25519, *store_, clock_, ledger_metrics_),
        writer_(*store_, committer_, ids_, clock_, ledger_metrics_),
        executor_(static_cast<int>(config.read_threads),
                  static_cast<std::size_t>(config.read_queue)),
        service_({gate_, *store_, writer_, committer_, executor_,
                  static_cast<std::size_t>(config.read_queue), clock_,
                  Ms(config.call_timeout_ms)}) {}

  absl::Status Start() {
    JB_RETURN_IF_ERROR(CheckMigrated(pool_, kSchema, Migrations()));
    JB_ASSIGN_OR_RETURN(metrics_server_, MetricsServer::Start(config_.metrics_listen, metrics_));
    JB_ASSIGN_OR_RETURN(server_,
                        RpcServer::Start({.config = config_.server,
                                          .service_names = {v1::LedgerService::service_full_name()},
                                          .error_domain = kErrorDomain,
                                          .probe = [this] { return pool_.Ping(); }},
                                         {&service_}, metrics_, clock_, timers_));
    sweeper_ = timers_.RunEvery(Ms(config_.expiry_interval_ms), [this] { Sweep(); });
    LogInfo("listening", {{"port", int64_t{server_->port()}},
                          {"metrics_port", int64_t{metrics_server_->port()}}});
    return absl::OkStatus();
  }

  void Stop() {
    sweeper_.reset();
    server_->BeginDrain();
    service_.BeginDrain();
    server_->Shutdown();
    LogInfo("stopped");
  }

 private:
  void Sweep() {
    const auto expired =
        writer_.ExpireHolds(static_cast<int>(config_.expiry_batch), Ms(config_.commit_timeout_ms));
    if (!expired.ok()) LogWarning("expiry failed", {{"error", expired.status().ToString()}});
  }

  const Config& config_;
  const Gate gate_;
  SystemClock clock_;
  ThreadTimers timers_;
  ThreadSleeper sleeper_;
  const std::unique_ptr<Random> random_ = MakeSystemRandom();
  UuidV7Generator ids_{clock_, *random_};
  Metrics metrics_;
  Pool pool_;
  const std::unique_ptr<Store> store_;
  LedgerMetrics ledger_metrics_;
  GroupCommitter committer_;
  BookWriter writer_;
  Executor executor_;
  LedgerServiceImpl service_;
  std::unique_ptr<MetricsServer> metrics_server_;
  std::unique_ptr<RpcServer> server_;
  std::unique_ptr<Timers::Handle> sweeper_;
};

absl::Status Serve(const Config& config, const std::function<void()>& wait_for_signal) {
  JB_RETURN_IF_ERROR(config.Validate());
  SystemClock gate_clock;
  JB_ASSIGN_OR_RETURN(Gate gate, Gate::Make(config.server, kErrorDomain, gate_clock));
  App app(config, std::move(gate));
  JB_RETURN_IF_ERROR(app.Start());
  wait_for_signal();
  app.Stop();
  return absl::OkStatus();
}

absl::Status MigrateBook(const Config& config) {
  JB_ASSIGN_OR_RETURN(const int applied, Migrate(config.Connection(), kSchema, Migrations()));
  LogInfo("migrated", {{"applied", int64_t{applied}}});
  return absl::OkStatus();
}

}  // namespace

int RunLedgerd(int argc, char** argv) {
  Config config;
  Settings settings("ledger");
  config.AddTo(settings);
  return RunServiceMain(
      {.name = "ledger",
       .settings = settings,
       .migrate = [&] { return MigrateBook(config); },
       .listen_address = [&] { return config.server.listen; },
       .serve = [&](const auto& wait_for_signal) { return Serve(config, wait_for_signal); }},
      argc, argv);
}

}  // namespace joulebook::ledger
