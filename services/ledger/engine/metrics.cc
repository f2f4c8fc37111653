#include "services/ledger/engine/metrics.h"

#include "absl/strings/ascii.h"
#include "common/status/status.h"
#include "joulebook/ledger/v1/transfer.pb.h"

namespace joulebook::ledger {

std::string ResultLabel(ResultCode code) {
  constexpr std::string_view kPrefix = "TRANSFER_RESULT_CODE_";
  const std::string& name = v1::TransferResultCode_Name(static_cast<v1::TransferResultCode>(code));
  return absl::AsciiStrToLower(ToAbsl(std::string_view(name).substr(kPrefix.size())));
}

LedgerMetrics::LedgerMetrics(Metrics& metrics)
    : group_items(
          metrics.Histogram("ledger_group_items", "Transfers in one commit.", SizeBounds())),
      group_commit_seconds(metrics.Histogram("ledger_group_commit_seconds",
                                             "Time of one commit, in seconds.",
                                             LatencySecondsBounds())),
      queue_items(metrics.Gauge("ledger_queue_items", "Transfers waiting for their commit.")),
      holds_expired(
          metrics.Counter("ledger_holds_expired_total", "Holds released by the sweeper.")),
      expiry_failures(metrics.Counter("ledger_expiry_failures_total", "Sweeps that failed.")),
      expiry_lag_seconds(metrics.Gauge("ledger_expiry_lag_seconds",
                                       "How long the most overdue hold has been due, in seconds.")),
      clock_skew_seconds(
          metrics.Gauge("ledger_clock_skew_seconds",
                        "By how much the machine's clock is ahead of PostgreSQL's, in seconds.")),
      book_ahead_seconds(
          metrics.Gauge("ledger_book_ahead_seconds",
                        "By how much the book's time is ahead of PostgreSQL's, in seconds.")),
      transfers_sealed(
          metrics.Counter("ledger_transfers_sealed_total",
                          "Records of all kinds sealed into the log by this replica.")),
      seal_failures(metrics.Counter("ledger_seal_failures_total", "Seals that failed.")),
      seal_refusals(metrics.Counter("ledger_seal_refusals_total",
                                    "Logs not signed because they do not continue the last one.")),
      sealing_lag_seconds(
          metrics.Gauge("ledger_sealing_lag_seconds",
                        "How long the first unsealed record has waited, in seconds.")),
      proof_failures(metrics.Counter("ledger_proof_failures_total",
                                     "Proofs that do not lead to their checkpoint.")),
      books_balanced(metrics.Counter("ledger_books_checks_total", "Finished checks of the books.",
                                     {{"result", "balanced"}})),
      books_different(metrics.Counter("ledger_books_checks_total", "Finished checks of the books.",
                                      {{"result", "difference"}})),
      watch_streams(metrics.Gauge("ledger_watch_streams", "Open WatchTransfers calls.")),
      members_registered(
          metrics.Counter("ledger_members_registered_total", "Members registered.")) {
  for (int code = 1; code <= kMaxResultCode; ++code) {
    transfers[static_cast<std::size_t>(code)] =
        &metrics.Counter("ledger_transfers_total", "Transfers answered, by result.",
                         {{"result", ResultLabel(static_cast<ResultCode>(code))}});
  }
}

}  // namespace joulebook::ledger
