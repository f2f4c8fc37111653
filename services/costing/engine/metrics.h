// All business metrics of costing.
#pragma once

#include "common/metrics/metrics.h"

namespace joulebook::costing {

struct CostingMetrics {
  explicit CostingMetrics(Metrics& metrics);

  // costing_quotes_total{result}: quotes asked for, given ("ok") or refused.
  prometheus::Counter& quotes_given;
  prometheus::Counter& quotes_refused;
  // costing_signatures_total: Ed25519 signatures made.
  prometheus::Counter& signatures;
  // costing_signed_together: quotes under one signature.
  prometheus::Histogram& signed_together;
  // costing_tariffs_age_seconds: how long ago the published tariffs were last read.
  prometheus::Gauge& tariffs_age_seconds;
  // costing_unreadable_tariffs: published tariffs that this replica cannot read.
  prometheus::Gauge& unreadable_tariffs;
  // costing_refresh_failures_total: readings of the published tariffs that failed.
  prometheus::Counter& refresh_failures;
  // costing_proofs_total{result}: proofs of work shown, accepted ("ok") or refused.
  prometheus::Counter& proofs_accepted;
  prometheus::Counter& proofs_refused;
  // costing_rerated_events_total: events priced by Rerate.
  prometheus::Counter& rerated_events;
  // costing_earnings_recorded_total: earnings that were claimed through this replica.
  prometheus::Counter& earnings_recorded;
};

}  // namespace joulebook::costing
