#include "services/ledger/app.h"

#include <algorithm>
#include <memory>

#include "common/crypto/ed25519.h"
#include "common/db/database_clock.h"
#include "common/log/log.h"
#include "common/rpc/key_commands.h"
#include "common/rpc/service_main.h"
#include "services/ledger/commands.h"
#include "services/ledger/config.h"
#include "services/ledger/domain/errors.h"
#include "services/ledger/engine/log_sealer.h"
#include "services/ledger/rpc/ledger_service.h"
#include "services/ledger/rpc/quote_check.h"
#include "services/ledger/store/adopt_book.h"
#include "services/ledger/store/pg_log_store.h"
#include "services/ledger/store/pg_store.h"

namespace joulebook::ledger {
namespace {

std::chrono::milliseconds Ms(int64_t ms) { return std::chrono::milliseconds(ms); }

// How often the database's time is read when nobody commits.
constexpr Duration kClockInterval = std::chrono::seconds(1);

// Everything that a running ledger consists of, in order of construction.
class App {
 public:
  App(const Config& config, Gate gate, std::vector<NoteSigner> signers,
      std::vector<NoteVerifier> quote_keys)
      : config_(config),
        gate_(std::move(gate)),
        quote_check_(MakeQuoteCheck(std::move(quote_keys))),
        pool_(config.database.ForPool()),
        store_(MakePgStore(
            {pool_, clock_, *random_, sleeper_},
            {.connection = {config.database.Connection(),
                            {.statement_timeout = Ms(std::min(config.database.statement_timeout_ms,
                                                              config.commit_timeout_ms))},
                            Duration(config.commit_spin_us)},
             .commit_timeout = Ms(config.commit_timeout_ms),
             .guard = ClockGuard(clock_, Ms(config.max_clock_skew_ms)),
             .cached_items = static_cast<std::size_t>(config.cached_items)})),
        log_store_(MakePgLogStore({pool_, clock_, *random_, sleeper_})),
        ledger_metrics_(metrics_),
        watches_({static_cast<std::size_t>(config.watch_streams), Ms(config.watch_poll_ms),
                  Ms(config.call_timeout_ms), Ms(config.unread_stream_timeout_ms)},
                 *store_, clock_, ledger_metrics_),
        committer_({static_cast<std::size_t>(config.transfer_queue),
                    static_cast<std::size_t>(config.transfer_queue_bytes),
                    static_cast<std::size_t>(config.group_items), Ms(config.commit_timeout_ms),
                    [this] { watches_.Notify(); }},
                   VerifyEd25519, *store_, clock_, ledger_metrics_),
        writer_(*store_, committer_, ids_, clock_, ledger_metrics_),
        readers_(static_cast<int>(config.read_threads),
                 static_cast<std::size_t>(config.read_queue)),
        writers_(static_cast<int>(config.write_threads),
                 static_cast<std::size_t>(config.write_queue)),
        sealer_({ids_.Next(), Ms(config.seal_lease_ms), static_cast<int>(config.seal_leaves),
                 Ms(config.seal_lease_ms), config.log_memory_file},
                std::move(signers), *log_store_, clock_, ledger_metrics_),
        proofs_(*store_, *log_store_, ledger_metrics_),
        books_checks_(*log_store_, clock_, ledger_metrics_, Ms(config.unread_stream_timeout_ms)),
        service_({gate_, *store_, writer_, committer_, proofs_, watches_, books_checks_,
                  quote_check_, readers_, static_cast<std::size_t>(config.read_queue), writers_,
                  static_cast<std::size_t>(config.write_queue), clock_, timers_,
                  static_cast<std::size_t>(config.transfer_streams),
                  Ms(config.unread_stream_timeout_ms), Ms(config.call_timeout_ms),
                  Ms(config.books_check_timeout_ms)}) {}

  absl::Status Start() {
    JB_RETURN_IF_ERROR(CheckMigrated(pool_, kSchema, Migrations()));
    JB_RETURN_IF_ERROR(CheckAdopted({pool_, clock_, *random_, sleeper_}));
    JB_RETURN_IF_ERROR(clock_.Refresh(pool_));
    JB_ASSIGN_OR_RETURN(metrics_server_, MetricsServer::Start(config_.metrics_listen, metrics_));
    JB_ASSIGN_OR_RETURN(server_,
                        RpcServer::Start({.config = config_.server,
                                          .service_names = {v1::LedgerService::service_full_name()},
                                          .error_domain = kErrorDomain,
                                          .probe = [this] { return store_->CheckWritable(); }},
                                         {&service_}, metrics_, clock_, timers_));
    clock_reader_ = timers_.RunEvery(kClockInterval, [this] { ReadClock(); });
    sealing_ = timers_.RunEvery(Ms(config_.seal_interval_ms), [this] { Seal(); });
    sweeper_ = timers_.RunEvery(Ms(config_.expiry_interval_ms), [this] { Sweep(); });
    LogInfo("listening", {{"port", int64_t{server_->port()}},
                          {"metrics_port", int64_t{metrics_server_->port()}}});
    return absl::OkStatus();
  }

  void Stop() {
    server_->BeginDrain();
    service_.BeginDrain();
    pool_.LimitUse(Ms(config_.server.drain_timeout_ms));
    clock_reader_.reset();
    sealing_.reset();
    sweeper_.reset();
    server_->Shutdown();
    LogInfo("stopped");
  }

 private:
  void ReadClock() {
    const absl::Status read = clock_.Refresh(pool_);
    if (!read.ok()) LogWarning("reading the database's time failed", {{"error", read.ToString()}});
    const auto skew = clock_.Skew();
    const auto book = store_->LastRecorded(kClockInterval);
    if (!skew.ok() || !book.ok()) return;
    const Duration ahead = std::max(*book - clock_.Now(), Duration(0));
    ledger_metrics_.clock_skew_seconds.Set(std::chrono::duration<double>(*skew).count());
    ledger_metrics_.book_ahead_seconds.Set(std::chrono::duration<double>(ahead).count());
  }

  void Sweep() {
    const auto expired =
        writer_.ExpireHolds(static_cast<int>(config_.expiry_batch), Ms(config_.commit_timeout_ms));
    if (!expired.ok()) LogWarning("expiry failed", {{"error", expired.status().ToString()}});
  }

  void Seal() {
    const absl::Status sealed = sealer_.Run();
    if (!sealed.ok()) LogWarning("sealing failed", {{"error", sealed.ToString()}});
  }

  const Config& config_;
  const Gate gate_;
  const QuoteCheck quote_check_;
  SystemClock machine_clock_;
  DatabaseClock clock_{machine_clock_};
  ThreadTimers timers_;
  ThreadSleeper sleeper_;
  const std::unique_ptr<Random> random_ = MakeSystemRandom();
  UuidV7Generator ids_{clock_, *random_};
  Metrics metrics_;
  Pool pool_;
  const std::unique_ptr<Store> store_;
  const std::unique_ptr<LogStore> log_store_;
  LedgerMetrics ledger_metrics_;
  TransferWatches watches_;
  GroupCommitter committer_;
  BookWriter writer_;
  Executor readers_;
  Executor writers_;
  LogSealer sealer_;
  LogProofs proofs_;
  BooksChecks books_checks_;
  LedgerServiceImpl service_;
  std::unique_ptr<MetricsServer> metrics_server_;
  std::unique_ptr<RpcServer> server_;
  std::unique_ptr<Timers::Handle> clock_reader_;
  std::unique_ptr<Timers::Handle> sweeper_;
  std::unique_ptr<Timers::Handle> sealing_;
};

absl::StatusOr<std::vector<NoteSigner>> LogSigners(const Config& config) {
  if (config.log_keys.empty()) return std::vector<NoteSigner>();
  return ParseSigners(config.log_keys);
}

absl::StatusOr<std::vector<NoteVerifier>> QuoteKeys(const Config& config) {
  if (config.quote_keys.empty()) return std::vector<NoteVerifier>();
  return ParseVerifiers(config.quote_keys);
}

absl::Status Serve(const Config& config, const std::function<void()>& wait_for_signal) {
  SystemClock gate_clock;
  JB_ASSIGN_OR_RETURN(Gate gate, Gate::Make(config.server, kErrorDomain, gate_clock));
  JB_ASSIGN_OR_RETURN(auto signers, LogSigners(config));
  if (signers.empty()) LogWarning("no log-keys: this replica does not seal the log");
  JB_ASSIGN_OR_RETURN(auto quote_keys, QuoteKeys(config));
  App app(config, std::move(gate), std::move(signers), std::move(quote_keys));
  JB_RETURN_IF_ERROR(app.Start());
  wait_for_signal();
  app.Stop();
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
       .validate = [&] { return config.Validate(); },
       .migrate = [&] { return RunMigration(config); },
       .commands = {{"check-books", [&](const auto&) { return RunBooksCheck(config); }},
                    {"adopt-checkpoint", [&](const auto&) { return AdoptCheckpoint(config); }},
                    {"new-log-key",
                     [](const auto& words) {
                       return PrintNewKey(words,
                                          "new-log-key needs the log's name, like "
                                          "example.org/ledger");
                     }},
                    {"log-verifier-keys",
                     [&](const auto&) { return PrintVerifierKeys(config.log_keys); }}},
       .listen_address = [&] { return config.server.listen; },
       .serve = [&](const auto& wait_for_signal) { return Serve(config, wait_for_signal); }},
      argc, argv);
}

}  // namespace joulebook::ledger
