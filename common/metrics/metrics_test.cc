#include "common/metrics/metrics.h"

#include "common/testing/matchers.h"

namespace joulebook {
namespace {

TEST(Metrics, ExposesCountersGaugesAndHistograms) {
  Metrics metrics;
  metrics.Counter("test_events_total", "Events.", {{"result", "ok"}}).Increment(3);
  metrics.Gauge("test_depth", "Depth.").Set(2);
  metrics.Histogram("test_seconds", "Latency.", LatencySecondsBounds()).Observe(0.3);

  const std::string text = metrics.Expose();

  EXPECT_NE(text.find("test_events_total{result=\"ok\"} 3"), std::string::npos) << text;
  EXPECT_NE(text.find("test_depth 2"), std::string::npos);
  EXPECT_NE(text.find("test_seconds_bucket{le=\"0.5\"} 1"), std::string::npos);
}

TEST(Metrics, SameNameAndLabelsAreTheSameChild) {
  Metrics metrics;
  EXPECT_EQ(&metrics.Counter("a_total", "A."), &metrics.Counter("a_total", "A."));
}

TEST(MetricsServer, ListensAndReportsABusyAddress) {
  Metrics metrics;
  const auto server = MetricsServer::Start("127.0.0.1:0", metrics);
  ASSERT_THAT(server, IsOk());
  EXPECT_GT((*server)->port(), 0);
  EXPECT_EQ(MetricsServer::Start("256.0.0.1:1", metrics).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace joulebook
