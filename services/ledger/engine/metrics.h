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
  // ledger_members_registered_total: members that this replica registered.
  prometheus::Counter& members_registered;
};

// The lower-case label of a result, for example "exceeds_available".
std::string ResultLabel(ResultCode code);

}  // namespace joulebook::ledger
