#include "services/costing/config.h"

#include "absl/strings/str_cat.h"

namespace joulebook::costing {
namespace {

// Connections of the pool that are not the calling threads': refresh, forgetting of proofs, health,
// clock.
constexpr int64_t kOwnConnections = 4;

}  // namespace

void Config::AddTo(Settings& settings) {
  server.AddTo(settings);
  settings.Text("metrics-listen", &metrics_listen, "HTTP address of /metrics");
  database.AddTo(settings);
  settings.Integer("call-timeout-ms", &call_timeout_ms, {100, 600'000},
                   "longest call, whatever its deadline");
  settings.Integer("read-threads", &read_threads, {1, 256},
                   "calls at once that read, or quote in batches");
  settings.Integer("read-queue", &read_queue, {1, 1'000'000},
                   "calls that wait for a thread, with requests of 64 MiB together");
  settings.Integer("write-threads", &write_threads, {1, 256},
                   "calls at once that write; each has a connection while it does");
  settings.Integer("write-queue", &write_queue, {1, 1'000'000},
                   "calls that wait for a thread that writes, with requests of 64 MiB together");
  settings.Integer("quote-streams", &quote_streams, {1, 100'000},
                   "open StreamQuotes calls; each may keep 16 MiB of requests in work");
  settings.Integer("rerate-streams", &rerate_streams, {1, 100'000},
                   "open Rerate calls; each keeps the totals of its members");
  settings.Integer("unread-stream-timeout-ms", &unread_stream_timeout_ms, {100, 600'000},
                   "a client that leaves a message of a stream unread so long is cut off");
  settings.Secret("quote-keys", &quote_keys,
                  "signing keys of quotes, one a line; the first signs, quotes of all are known");
  settings.Integer("sign-gather-us", &sign_gather_us, {0, 100'000},
                   "how long quotes that come together wait for others to be signed with");
  settings.Text("tariff", &tariff, "name of the tariff of quotes that name none");
  settings.Integer("quote-validity-ms", &quote_validity_ms, {1'000, 86'400'000},
                   "how long a quote holds");
  settings.Integer("quote-ahead-ms", &quote_ahead_ms, {0, 31 * int64_t{86'400'000}},
                   "how far ahead a use may be quoted");
  settings.Integer("notice-period-ms", &notice_period_ms, {0, 366 * int64_t{86'400'000}},
                   "how long before it takes effect a tariff must be published");
  settings.Integer("refresh-interval-ms", &refresh_interval_ms, {10, 600'000},
                   "how often the published tariffs are read");
  settings.Integer("refresh-max-age-ms", &refresh_max_age_ms, {100, 3'600'000},
                   "no quotes when the published tariffs were read longer ago");
  settings.Integer("proof-window-ms", &proof_window_ms, {1'000, 3'600'000},
                   "how long a challenge of a proof of work may be answered");
}

absl::Status Config::Validate() const {
  if (quote_keys.empty()) return absl::InvalidArgumentError("quote-keys must be given");
  if (refresh_max_age_ms < 2 * refresh_interval_ms) {
    return absl::InvalidArgumentError(
        "refresh-max-age-ms must be at least twice refresh-interval-ms");
  }
  // A version is decided on, committed within a call's time, and read within the greatest age.
  const int64_t reach_ms =
      quote_ahead_ms + quote_validity_ms + call_timeout_ms + refresh_max_age_ms;
  if (reach_ms > notice_period_ms) {
    return absl::InvalidArgumentError(absl::StrCat(
        "quote-ahead-ms (", quote_ahead_ms, ") + quote-validity-ms (", quote_validity_ms,
        ") + call-timeout-ms (", call_timeout_ms, ") + refresh-max-age-ms (", refresh_max_age_ms,
        ") are ", reach_ms, " and must be at most notice-period-ms (", notice_period_ms,
        "): else a quote could reach past the start of a tariff that is not published yet"));
  }
  if (database.database_pool >= read_threads + write_threads + kOwnConnections) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "database-pool must be at least read-threads + write-threads + ", kOwnConnections,
      ": one connection each for the tariffs, the proofs, health and the clock"));
}

}  // namespace joulebook::costing
