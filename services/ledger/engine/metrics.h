// All business metrics of the ledger.
#pragma once

#include <array>

#include "common/metrics/metrics.h"
#include "services/ledger/domain/transfer.h"

namespace joulebook::ledger {

struct LedgerMetrics {
  explicit LedgerMetrics(Metrics& metrics);

  // ledger_transfers_total{result}: items answered, by result code.
  std::array<prometheus::Counter*, kMaxResultCode + 1> transfers{};
  // ledger_group_items: items in one commit.
  prometheus::Histogram& group_items;
  // ledger_group_commit_seconds: time of one commit, from lock to answer.
  prometheus::Histogram& group_commit_seconds;
  // ledger_queue_items: items waiting for their commit.
  prometheus::Gauge& queue_items;
  // ledger_holds_expired_total: holds that the sweeper of this replica released.
  prometheus::Counter& holds_expired;
  // ledger_expiry_failures_total: sweeps that failed.
  prometheus::Counter& expiry_failures;
  // ledger_expiry_lag_seconds: how long the hold that should have expired first has been overdue.
  prometheus::Gauge& expiry_lag_seconds;
  // ledger_clock_skew_seconds: by how much this machine's clock is ahead of PostgreSQL's.
  prometheus::Gauge& clock_skew_seconds;
  // ledger_book_ahead_seconds: by how much the book's time is ahead of PostgreSQL's, if it is.
  prometheus::Gauge& book_ahead_seconds;
  // ledger_transfers_sealed_total: records of all kinds that this replica sealed into the log.
  prometheus::Counter& transfers_sealed;
  // ledger_seal_failures_total: seals that failed.
  prometheus::Counter& seal_failures;
  // ledger_seal_refusals_total: logs that this replica did not sign because they do not continue
  // the one that it remembers.
  prometheus::Counter& seal_refusals;
  // ledger_sealing_lag_seconds: how long the first unsealed record has waited.
  prometheus::Gauge& sealing_lag_seconds;
  // ledger_proof_failures_total: proofs that do not lead from the transfer to its checkpoint.
  prometheus::Counter& proof_failures;
  // ledger_books_checks_total{result}: checks of the books that came to an end.
  prometheus::Counter& books_balanced;
  prometheus::Counter& books_different;
  // ledger_watch_streams: open WatchTransfers calls.
  prometheus::Gauge& watch_streams;
  // ledger_members_registered_total: members that this replica registered.
  prometheus::Counter& members_registered;
};

// The lower-case label of a result, for example "exceeds_available".
std::string ResultLabel(ResultCode code);

}  // namespace joulebook::ledger
