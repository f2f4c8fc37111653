#include <prometheus/exposer.h>

#include "common/metrics/metrics.h"

namespace joulebook {
namespace {

// One thread: the only client is the scraper.
constexpr std::size_t kThreads = 1;

class ExposerServer final : public MetricsServer {
 public:
  ExposerServer(const std::string& address, const Metrics& metrics) : exposer_(address, kThreads) {
    exposer_.RegisterCollectable(metrics.registry());
  }
  int port() const override { return exposer_.GetListeningPorts().at(0); }

 private:
  prometheus::Exposer exposer_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(const std::string& address,
                                                                    const Metrics& metrics) {
  try {
    return std::make_unique<ExposerServer>(address, metrics);
  } catch (const std::exception& error) {  // CivetWeb's wrapper reports a failed bind by throwing.
    return absl::UnavailableError(error.what());
  }
}

}  // namespace joulebook
