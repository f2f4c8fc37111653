#include "services/costing/app.h"

#include <memory>

#include "common/db/database_clock.h"
#include "common/log/log.h"
#include "common/rpc/key_commands.h"
#include "common/rpc/service_main.h"
#include "common/time/zone_database.h"
#include "services/costing/config.h"
#include "services/costing/domain/errors.h"
#include "services/costing/rpc/costing_service.h"
#include "services/costing/store/pg_store.h"

namespace joulebook::costing {
namespace {

std::chrono::milliseconds Ms(int64_t ms) { return std::chrono::milliseconds(ms); }

// Everything that a running costing service consists of, in order of construction.
class App {
 public:
  App(const Config& config, Gate gate, const std::vector<NoteSigner>& signers,
      const std::string& tzdata_version)
      : config_(config),
        gate_(std::move(gate)),
        pool_(config.database.ForPool()),
        store_(MakePgStore({pool_, clock_, *random_, sleeper_})),
        costing_metrics_(metrics_),
        book_(*store_, clock_, absl::LoadTimeZone, Ms(config.refresh_max_age_ms)),
        quoter_({config.tariff, Ms(config.quote_validity_ms), Ms(config.quote_ahead_ms)}, book_,
                clock_, ids_),
        signer_(signers.front(), Duration(config.sign_gather_us), costing_metrics_),
        quotes_(quoter_, signer_, VerifiersOf(signers), costing_metrics_),
        proofs_({config.tariff, Ms(config.proof_window_ms)}, book_, *store_, clock_,
                costing_metrics_),
        readers_(static_cast<int>(config.read_threads),
                 static_cast<std::size_t>(config.read_queue)),
        writers_(static_cast<int>(config.write_threads),
                 static_cast<std::size_t>(config.write_queue)),
        service_({gate_,
                  *store_,
                  book_,
                  quoter_,
                  quotes_,
                  proofs_,
                  readers_,
                  static_cast<std::size_t>(config.read_queue),
                  writers_,
                  static_cast<std::size_t>(config.write_queue),
                  clock_,
                  timers_,
                  static_cast<std::size_t>(config.quote_streams),
                  static_cast<std::size_t>(config.rerate_streams),
                  Ms(config.unread_stream_timeout_ms),
                  static_cast<std::size_t>(config.server.max_message_bytes),
                  costing_metrics_,
                  absl::LoadTimeZone,
                  tzdata_version,
                  Ms(config.notice_period_ms),
                  Ms(config.refresh_max_age_ms),
                  Ms(config.call_timeout_ms)}) {}

  absl::Status Start() {
    JB_RETURN_IF_ERROR(CheckMigrated(pool_, kSchema, Migrations()));
    JB_RETURN_IF_ERROR(clock_.Refresh(pool_));
    JB_RETURN_IF_ERROR(book_.Refresh(Timeout()));
    JB_RETURN_IF_ERROR(CheckTariff());
    NoteUnreadable();
    JB_ASSIGN_OR_RETURN(metrics_server_, MetricsServer::Start(config_.metrics_listen, metrics_));
    JB_ASSIGN_OR_RETURN(
        server_, RpcServer::Start({.config = config_.server,
                                   .service_names = {v1::CostingService::service_full_name()},
                                   .error_domain = kErrorDomain,
                                   .probe = [this] { return Probe(); }},
                                  {&service_}, metrics_, clock_, timers_));
    refreshing_ = timers_.RunEvery(Ms(config_.refresh_interval_ms), [this] { Refresh(); });
    clock_reader_ = timers_.RunEvery(std::chrono::seconds(1), [this] { ReadClock(); });
    forgetting_ = timers_.RunEvery(Ms(config_.proof_window_ms), [this] { Forget(); });
    LogInfo("listening", {{"port", int64_t{server_->port()}},
                          {"metrics_port", int64_t{metrics_server_->port()}}});
    return absl::OkStatus();
  }

  void Stop() {
    server_->BeginDrain();
    service_.BeginDrain();
    pool_.LimitUse(Ms(config_.server.drain_timeout_ms));
    clock_reader_.reset();
    refreshing_.reset();
    forgetting_.reset();
    server_->Shutdown();
    LogInfo("stopped");
  }

 private:
  Duration Timeout() const { return Ms(config_.database.statement_timeout_ms); }

  absl::Status CheckTariff() {
    JB_ASSIGN_OR_RETURN(const auto snapshot, book_.Now());
    return snapshot->InEffect(config_.tariff, clock_.Now()).status();
  }

  absl::Status Probe() {
    JB_RETURN_IF_ERROR(book_.Now().status());
    return pool_.Ping();
  }

  void Refresh() {
    const absl::Status refreshed = book_.Refresh(Timeout());
    costing_metrics_.tariffs_age_seconds.Set(std::chrono::duration<double>(book_.Age()).count());
    NoteUnreadable();
    if (refreshed.ok()) return;
    costing_metrics_.refresh_failures.Increment();
    LogWarning("refresh failed", {{"error", refreshed.ToString()}});
  }

  void ReadClock() {
    const absl::Status read = clock_.Refresh(pool_);
    if (!read.ok()) LogWarning("reading the database's time failed", {{"error", read.ToString()}});
  }

  // Says once for each what this replica cannot read.
  void NoteUnreadable() {
    const auto snapshot = book_.Now();
    if (!snapshot.ok()) return;
    costing_metrics_.unreadable_tariffs.Set(static_cast<double>((*snapshot)->unreadable()));
    for (; noted_ < (*snapshot)->all().size(); ++noted_) {
      const LiveTariff& tariff = *(*snapshot)->all()[noted_];
      if (tariff.problem.ok()) continue;
      LogError("a published tariff cannot be read here", {{"tariff", tariff.published.name},
                                                          {"version", tariff.published.version},
                                                          {"error", tariff.problem.ToString()}});
    }
  }

  void Forget() {
    const auto forgotten = store_->ForgetProofs(clock_.Now(), Timeout());
    if (!forgotten.ok()) {
      LogWarning("forgetting proofs failed", {{"error", forgotten.status().ToString()}});
    }
  }

  const Config& config_;
  const Gate gate_;
  SystemClock machine_clock_;
  DatabaseClock clock_{machine_clock_};
  ThreadTimers timers_;
  ThreadSleeper sleeper_;
  const std::unique_ptr<Random> random_ = MakeSystemRandom();
  UuidV7Generator ids_{clock_, *random_};
  Metrics metrics_;
  Pool pool_;
  const std::unique_ptr<Store> store_;
  CostingMetrics costing_metrics_;
  TariffBook book_;
  Quoter quoter_;
  QuoteSigner signer_;
  QuoteDesk quotes_;
  ProofDesk proofs_;
  Executor readers_;
  Executor writers_;
  CostingServiceImpl service_;
  std::size_t noted_ = 0;  // tariffs that NoteUnreadable has looked at
  std::unique_ptr<MetricsServer> metrics_server_;
  std::unique_ptr<RpcServer> server_;
  std::unique_ptr<Timers::Handle> clock_reader_;
  std::unique_ptr<Timers::Handle> refreshing_;
  std::unique_ptr<Timers::Handle> forgetting_;
};

absl::Status Serve(const Config& config, const std::function<void()>& wait_for_signal) {
  SystemClock gate_clock;
  JB_ASSIGN_OR_RETURN(Gate gate, Gate::Make(config.server, kErrorDomain, gate_clock));
  JB_ASSIGN_OR_RETURN(const auto signers, ParseSigners(config.quote_keys));
  const auto tzdata_version = TimeZoneDatabaseVersion();
  if (!tzdata_version.has_value()) {
    return absl::FailedPreconditionError("there is no time zone database: install tzdata");
  }
  App app(config, std::move(gate), signers, *tzdata_version);
  JB_RETURN_IF_ERROR(app.Start());
  wait_for_signal();
  app.Stop();
  return absl::OkStatus();
}

}  // namespace

int RunCostingd(int argc, char** argv) {
  Config config;
  Settings settings("costing");
  config.AddTo(settings);
  return RunServiceMain(
      {.name = "costing",
       .settings = settings,
       .validate = [&] { return config.Validate(); },
       .migrate =
           [&] { return MigrateSchema(config.database.Connection(), kSchema, Migrations()); },
       .commands = {{"new-quote-key",
                     [](const auto& words) {
                       return PrintNewKey(words,
                                          "new-quote-key needs the key's name, like "
                                          "example.org/costing");
                     }},
                    {"quote-verifier-keys",
                     [&](const auto&) { return PrintVerifierKeys(config.quote_keys); }}},
       .listen_address = [&] { return config.server.listen; },
       .serve = [&](const auto& wait_for_signal) { return Serve(config, wait_for_signal); }},
      argc, argv);
}

}  // namespace joulebook::costing
