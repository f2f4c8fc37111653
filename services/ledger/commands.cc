#include "services/ledger/commands.h"

#include <unistd.h>

#include <cstdio>

#include "common/ids/random.h"
#include "common/log/log.h"
#include "common/rpc/service_main.h"
#include "services/ledger/engine/books_check.h"
#include "services/ledger/engine/log_sealer.h"
#include "services/ledger/rpc/parse_quote.h"
#include "services/ledger/store/adopt_book.h"
#include "services/ledger/store/pg_log_store.h"
#include "services/ledger/store/pg_store.h"

namespace joulebook::ledger {

namespace {

PoolOptions OneConnection(const Config& config) {
  PoolOptions options = config.database.ForPool();
  options.size = 1;
  return options;
}

// The objects that a command works with.
struct Session {
  explicit Session(const Config& config) : pool(OneConnection(config)) {}

  SystemClock clock;
  ThreadSleeper sleeper;
  const std::unique_ptr<Random> random = MakeSystemRandom();
  Pool pool;
  const Database database{pool, clock, *random, sleeper};
};

}  // namespace

absl::Status RunMigration(const Config& config) {
  JB_RETURN_IF_ERROR(MigrateSchema(config.database.Connection(), kSchema, Migrations()));
  Session session(config);
  JB_ASSIGN_OR_RETURN(const int64_t adopted, AdoptBook(session.database));
  LogInfo("adopted", {{"records", adopted}});
  return absl::OkStatus();
}

absl::Status AdoptCheckpoint(const Config& config) {
  JB_RETURN_IF_ERROR(config.Validate());
  JB_ASSIGN_OR_RETURN(auto signers, ParseSigners(config.log_keys));
  Session session(config);
  JB_RETURN_IF_ERROR(CheckMigrated(session.pool, kSchema, Migrations()));
  const auto store = MakePgLogStore(session.database);
  Metrics metrics;
  LedgerMetrics ledger_metrics(metrics);
  LogSealer sealer({.memory_file = config.log_memory_file}, std::move(signers), *store,
                   session.clock, ledger_metrics);
  return sealer.Adopt();
}

absl::Status RunBooksCheck(const Config& config) {
  Session session(config);
  JB_RETURN_IF_ERROR(CheckMigrated(session.pool, kSchema, Migrations()));
  const auto store = MakePgLogStore(session.database);
  BooksProgress last;
  const bool is_watched = isatty(STDERR_FILENO) != 0;
  JB_ASSIGN_OR_RETURN(
      const Difference difference,
      CheckBooks(*store, ParsePricedUse, std::chrono::milliseconds(config.books_check_timeout_ms),
                 [&](const BooksProgress& progress) {
                   last = progress;
                   if (is_watched) {
                     std::fprintf(stderr, "\r%lld of %lld records",
                                  static_cast<long long>(progress.checked),
                                  static_cast<long long>(progress.total));
                   }
                   return true;
                 }));
  if (is_watched) std::fputc('\n', stderr);
  if (difference.has_value()) return absl::DataLossError(*difference);
  std::printf("books balanced: %lld records, %lld of them sealed\n",
              static_cast<long long>(last.checked), static_cast<long long>(last.sealed));
  return absl::OkStatus();
}

}  // namespace joulebook::ledger
