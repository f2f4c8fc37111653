// Any text as a tariff, and any JSON as a change of the shipped one: refused, or read so that its
// canonical text is the same tariff and every price adds up.

#include <cstdint>
#include <numeric>

#include "common/status/check.h"
#include "services/costing/domain/operations.h"
#include "services/costing/domain/price.h"
#include "services/costing/domain/tariff_fixture.h"

namespace joulebook::costing {
namespace {

void CheckPrices(const Tariff& tariff, int64_t drawn) {
  for (int32_t operation = 1; operation < static_cast<int32_t>(kOperationNames.size());
       ++operation) {
    const Usage usage{.operation = operation,
                      .count = drawn % tariff.max_batch + 1,
                      .size_bytes = drawn,
                      .duration_s = drawn,
                      .copies = static_cast<int32_t>(drawn % tariff.max_copies + 1),
                      .nodes = drawn % (tariff.max_nodes + 1),
                      .results = drawn % (tariff.max_results + 1),
                      .timeout_ms = drawn % (tariff.max_timeout_ms + 1),
                      .latency_ms = drawn,
                      .at = Time(Duration(drawn))};
    const auto bill = Price(tariff, usage);
    if (!bill.ok()) continue;
    for (const int64_t part : bill->parts) JB_CHECK(part >= 0);
    JB_CHECK(std::accumulate(bill->parts.begin(), bill->parts.end(), int64_t{0}) == bill->total);
  }
}

void CheckText(std::string_view text) {
  const auto document = ParseTariff(text, FindZone);
  if (!document.ok()) return;
  const auto again = ParseTariff(document->canonical, FindZone);
  JB_CHECK(again.ok() && again->canonical == document->canonical);
  CheckPrices(document->tariff, static_cast<int64_t>(text.size()) * 104'729);
}

}  // namespace
}  // namespace joulebook::costing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace joulebook::costing;
  static const nlohmann::json shipped = nlohmann::json::parse(ShippedText("constants"));
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckText(text);
  const auto patch = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!patch.is_object()) return 0;
  nlohmann::json patched = shipped;
  patched.merge_patch(patch);
  CheckText(patched.dump());
  return 0;
}
