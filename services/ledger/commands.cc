#include "services/ledger/commands.h"

#include <cstdio>

#include "common/ids/random.h"
#include "services/ledger/engine/books_check.h"
#include "services/ledger/rpc/parse_quote.h"
#include "services/ledger/store/pg_log_store.h"
#include "services/ledger/store/pg_store.h"

namespace joulebook::ledger {

absl::Status RunBooksCheck(const Config& config) {
  SystemClock clock;
  ThreadSleeper sleeper;
  const auto random = MakeSystemRandom();
  PoolOptions options = config.database.ForPool();
  options.size = 1;
  Pool pool(options);
  JB_RETURN_IF_ERROR(CheckMigrated(pool, kSchema, Migrations()));
  const auto store = MakePgLogStore({pool, clock, *random, sleeper});
  BooksProgress last;
  JB_ASSIGN_OR_RETURN(
      const Difference difference,
      CheckBooks(*store, ParsePricedUse, std::chrono::milliseconds(config.books_check_timeout_ms),
                 [&last](const BooksProgress& progress) {
                   last = progress;
                   std::fprintf(stderr, "\r%lld of %lld transfers",
                                static_cast<long long>(progress.checked),
                                static_cast<long long>(progress.total));
                   return true;
                 }));
  std::fputc('\n', stderr);
  if (difference.has_value()) return absl::DataLossError(*difference);
  std::printf("books balanced: %lld transfers, %lld of them sealed\n",
              static_cast<long long>(last.checked), static_cast<long long>(last.sealed));
  return absl::OkStatus();
}

}  // namespace joulebook::ledger
