#include "services/ledger/config.h"

#include "absl/strings/str_cat.h"

namespace joulebook::ledger {
namespace {

// Connections of the pool that are not the reading threads': committer, sweeper, sealer, watches,
// check of the books, clock.
constexpr int64_t kOwnConnections = 6;

}  // namespace

void Config::AddTo(Settings& settings) {
  server.AddTo(settings);
  settings.Text("metrics-listen", &metrics_listen, "HTTP address of /metrics");
  database.AddTo(settings);
  settings.Integer("call-timeout-ms", &call_timeout_ms, {100, 600'000},
                   "longest call, whatever its deadline");
  settings.Integer("read-threads", &read_threads, {1, 256}, "calls that read at once");
  settings.Integer("read-queue", &read_queue, {1, 1'000'000},
                   "calls that wait for a thread, with requests of 64 MiB together");
  settings.Integer(
      "write-threads", &write_threads, {1, 256},
      "calls about members, accounts and reputation that wait for their commit at once");
  settings.Integer("write-queue", &write_queue, {1, 1'000'000},
                   "calls of that kind that wait for a thread, with requests of 64 MiB together");
  settings.Integer("transfer-queue", &transfer_queue, {8'190, 10'000'000},
                   "transfers that wait for their commit");
  settings.Integer("transfer-queue-bytes", &transfer_queue_bytes, {1'024, int64_t{1} << 40},
                   "what their requests may take together");
  settings.Integer("group-items", &group_items, {1, 1'000'000}, "transfers in one commit");
  settings.Integer("commit-timeout-ms", &commit_timeout_ms, {100, 600'000}, "longest commit");
  settings.Integer("max-clock-skew-ms", &max_clock_skew_ms, {10, 86'400'000},
                   "how far this machine's clock, or the book's last time ahead, may be from "
                   "PostgreSQL's clock; beyond, nothing is written");
  settings.Integer("commit-spin-us", &commit_spin_us, {0, 10'000},
                   "how long the writer looks for a small commit's answer before it sleeps");
  settings.Integer("cached-items", &cached_items, {2, 100'000'000},
                   "accounts, holds and members that the writer remembers, of each");
  settings.Integer("expiry-interval-ms", &expiry_interval_ms, {10, 600'000},
                   "how often holds whose time is up are released");
  settings.Integer("expiry-batch", &expiry_batch, {1, 100'000}, "holds released in one commit");
  settings.Secret(
      "log-keys", &log_keys,
      "signing keys of the log, one a line, all sign; without, this replica never seals");
  settings.Text("log-memory-file", &log_memory_file,
                "where the replica remembers what it signed last, outside of the database; needed "
                "with log-keys");
  settings.Secret(
      "quote-keys", &quote_keys,
      "verifier keys of the costing service, one a line; without, every quote is refused");
  settings.Integer("seal-interval-ms", &seal_interval_ms, {10, 600'000},
                   "how often new records are sealed into the log");
  settings.Integer("seal-lease-ms", &seal_lease_ms, {100, 600'000},
                   "how long another replica waits for a sealer that is gone");
  settings.Integer("seal-leaves", &seal_leaves, {1, 1'000'000}, "records in one seal");
  settings.Integer("transfer-streams", &transfer_streams, {1, 100'000},
                   "open StreamTransfers calls; each may keep 16 MiB of requests in work");
  settings.Integer("watch-streams", &watch_streams, {1, 100'000}, "open WatchTransfers calls");
  settings.Integer("watch-poll-ms", &watch_poll_ms, {1, 60'000},
                   "how often watches look for what other replicas committed");
  settings.Integer("books-check-timeout-ms", &books_check_timeout_ms, {1'000, 86'400'000},
                   "longest check of the books");
  settings.Integer("unread-stream-timeout-ms", &unread_stream_timeout_ms, {100, 600'000},
                   "a client that leaves a message of a stream unread so long is cut off");
}

absl::Status Config::Validate() const {
  if (!log_keys.empty() && log_memory_file.empty()) {
    return absl::InvalidArgumentError(
        "log-memory-file is needed with log-keys: a signer remembers outside of the database what "
        "it "
        "signed last");
  }
  if (database.database_pool >= read_threads + kOwnConnections) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "database-pool must be at least read-threads + ", kOwnConnections,
      ": one connection each for the committer, the sweeper, the sealer, the watches, the check of "
      "the books and the clock"));
}

}  // namespace joulebook::ledger
