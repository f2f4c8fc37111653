// A book of its own in real PostgreSQL, and the engine on it, in this process.
#pragma once

#include <future>
#include <memory>
#include <pqxx/result>
#include <string>
#include <vector>

#include "common/crypto/ed25519.h"
#include "common/testing/matchers.h"
#include "common/testing/postgres.h"
#include "common/testing/virtual_clock.h"
#include "services/ledger/engine/book_writer.h"
#include "services/ledger/engine/group_committer.h"
#include "services/ledger/store/adopt_book.h"
#include "services/ledger/store/pg_store.h"

namespace joulebook::ledger {

inline Uuid NumberedId(uint64_t number, uint8_t kind = 1) {
  Uuid id;
  id.bytes[0] = kind;
  for (int i = 0; i < 8; ++i)
    id.bytes[8 + static_cast<std::size_t>(i)] = static_cast<uint8_t>(number >> (56 - 8 * i));
  return id;
}

// One replica's engine.
struct Engine {
  // Without a guard the clock is believed.
  Engine(const std::string& connection, Clock& clock, uint64_t seed,
         const std::optional<ClockGuard>& guard = std::nullopt)
      : random(seed),
        ids(clock, random),
        pool({connection, 4}),
        database{pool, clock, random, sleeper},
        store(MakePgStore(database, {.connection = {connection},
                                     .guard = guard,
                                     .cached_items = 50})),  // few, so that tests see forgetting
        ledger_metrics(metrics),
        committer({}, VerifyEd25519, *store, clock, ledger_metrics),
        writer(*store, committer, ids, clock, ledger_metrics) {}

  std::vector<TransferOutcome> Post(std::vector<TransferItem> items) {
    std::promise<absl::StatusOr<std::vector<TransferOutcome>>> done;
    const absl::Status submitted =
        committer.SubmitTransfers(std::move(items), 0, Duration::max(),
                                  [&](absl::StatusOr<std::vector<TransferOutcome>> outcomes) {
                                    done.set_value(std::move(outcomes));
                                  });
    EXPECT_THAT(submitted, IsOk());
    auto outcomes = done.get_future().get();
    EXPECT_THAT(outcomes, IsOk());
    return outcomes.ok() ? *outcomes : std::vector<TransferOutcome>();
  }
  TransferOutcome Post(const TransferRequest& request) {
    return Post(std::vector<TransferItem>{{ResultCode::kOk, request}}).at(0);
  }

  SeededRandom random;
  UuidV7Generator ids;
  ThreadSleeper sleeper;
  Pool pool;
  Database database;
  std::unique_ptr<Store> store;
  Metrics metrics;
  LedgerMetrics ledger_metrics;
  GroupCommitter committer;
  BookWriter writer;
};

inline constexpr Duration kTimeout = std::chrono::seconds(30);

inline std::string MakeBookDatabase() {
  const std::string connection = MakeTestDatabase();
  EXPECT_THAT(Migrate(connection, kSchema, Migrations()), IsOk());
  VirtualClock clock{Time()};  // before any time that a test may want
  SeededRandom random(1);
  ThreadSleeper sleeper;
  Pool pool({connection, 1});
  EXPECT_THAT(AdoptBook({pool, clock, random, sleeper}), IsOk());
  return connection;
}

// The first row's first column, as a number.
inline int64_t QueryNumber(Engine& engine, const std::string& sql) {
  int64_t value = -1;
  EXPECT_THAT(RunTransaction(engine.database, {},
                             [&](pqxx::transaction_base& tx) {
                               value = tx.exec(sql)[0][0].as<int64_t>();
                               return absl::OkStatus();
                             }),
              IsOk());
  return value;
}

// Everything that must hold of a book at any time, checked in SQL from the transfers alone.
inline void ExpectBookIsSound(Engine& engine) {
  EXPECT_EQ(QueryNumber(engine,
                        "SELECT count(*) FROM (SELECT asset FROM ledger.balances GROUP BY "
                        "asset HAVING sum(posted) <> 0) unbalanced"),
            0);
  EXPECT_EQ(QueryNumber(engine,
                        "SELECT (SELECT last_position FROM ledger.book) - count(*) FROM (SELECT "
                        "position FROM ledger.transfers UNION SELECT position FROM "
                        "ledger.records) log"),
            0)
      << "positions have gaps";
  EXPECT_EQ(QueryNumber(engine,
                        "SELECT count(*) FROM (SELECT recorded_us, lag(recorded_us) OVER "
                        "(ORDER BY position) AS before FROM ledger.transfers WHERE result "
                        "= 1) t WHERE recorded_us <= before"),
            0);
  EXPECT_EQ(QueryNumber(engine,
                        "SELECT count(*) FROM ledger.balances a WHERE posted <> (SELECT "
                        "coalesce(sum(amount), 0) FROM ledger.entries e WHERE e.account_id "
                        "= a.account_id)"),
            0)
      << "a balance is not what its transfers say";
  EXPECT_EQ(QueryNumber(engine,
                        "SELECT count(*) FROM ledger.balances a WHERE reserved <> (SELECT "
                        "coalesce(sum(remaining), 0) FROM ledger.holds h WHERE h.debit_id "
                        "= a.account_id) OR pending <> (SELECT coalesce(sum(remaining), 0) FROM "
                        "ledger.holds h WHERE h.credit_id = a.account_id)"),
            0);
}

}  // namespace joulebook::ledger
