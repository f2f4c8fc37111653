#include "services/costing/engine/metrics.h"

namespace joulebook::costing {

CostingMetrics::CostingMetrics(Metrics& metrics)
    : quotes_given(metrics.Counter("costing_quotes_total", "Quotes asked for, by result.",
                                   {{"result", "ok"}})),
      quotes_refused(metrics.Counter("costing_quotes_total", "Quotes asked for, by result.",
                                     {{"result", "refused"}})),
      signatures(metrics.Counter("costing_signatures_total", "Ed25519 signatures made.")),
      signed_together(metrics.Histogram("costing_signed_together", "Quotes under one signature.",
                                        SizeBounds())),
      tariffs_age_seconds(
          metrics.Gauge("costing_tariffs_age_seconds",
                        "How long ago the published tariffs were last read, in seconds.")),
      unreadable_tariffs(metrics.Gauge("costing_unreadable_tariffs",
                                       "Published tariffs that this replica cannot read.")),
      refresh_failures(metrics.Counter("costing_refresh_failures_total",
                                       "Readings of the published tariffs that failed.")),
      proofs_accepted(metrics.Counter("costing_proofs_total", "Proofs of work shown, by result.",
                                      {{"result", "ok"}})),
      proofs_refused(metrics.Counter("costing_proofs_total", "Proofs of work shown, by result.",
                                     {{"result", "refused"}})),
      rerated_events(metrics.Counter("costing_rerated_events_total", "Events priced by Rerate.")),
      earnings_recorded(
          metrics.Counter("costing_earnings_recorded_total", "Earnings that were claimed.")) {}

}  // namespace joulebook::costing
