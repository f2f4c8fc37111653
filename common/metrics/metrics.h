// Metrics of a service: a registry with the bucket choices of the suite.
//
// Keep the returned child; looking one up costs ten times what counting does.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"

namespace joulebook {

using MetricLabels = std::map<std::string, std::string>;

// Thread-safe. Children live as long as the registry.
class Metrics {
 public:
  Metrics() : registry_(std::make_shared<prometheus::Registry>()) {}

  prometheus::Counter& Counter(const std::string& name, const std::string& help,
                               const MetricLabels& labels = {});
  prometheus::Gauge& Gauge(const std::string& name, const std::string& help,
                           const MetricLabels& labels = {});
  // Upper bounds in the metric's unit.
  prometheus::Histogram& Histogram(const std::string& name, const std::string& help,
                                   const std::vector<double>& bounds,
                                   const MetricLabels& labels = {});

  const std::shared_ptr<prometheus::Registry>& registry() const { return registry_; }
  // The text exposition, as Prometheus scrapes it.
  std::string Expose() const;

 private:
  std::shared_ptr<prometheus::Registry> registry_;
};

// 100 microseconds to 10 seconds.
const std::vector<double>& LatencySecondsBounds();
// 1 to 8 192 in powers of two.
const std::vector<double>& SizeBounds();

// Serves GET /metrics over HTTP for as long as it lives.
class MetricsServer {
 public:
  // `address` is host:port; port 0 chooses one. UNAVAILABLE when it cannot be bound.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(const std::string& address,
                                                              const Metrics& metrics);
  virtual ~MetricsServer() = default;
  virtual int port() const = 0;
};

}  // namespace joulebook
