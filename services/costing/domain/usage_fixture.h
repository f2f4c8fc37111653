// Any tariff without volume tiers, and any use that a tariff allows, for property tests.
#pragma once

#include <rapidcheck.h>

#include "services/costing/domain/price.h"
#include "services/costing/domain/tariff_fixture.h"

namespace joulebook::costing {

// The shipped tariff with other rates in bands, other minimum charges and another rounding.
inline Tariff DrawTariff() {
  Tariff tariff = Patched();
  const auto draw = [](int64_t below) { return *rc::gen::inRange<int64_t>(0, below); };
  const auto draw_joules = [&] { return Rational::Of(draw(10'000), 1'000'000); };
  tariff.rounding = static_cast<Rounding>(draw(4));
  for (auto& [operation, price] : tariff.operations) {
    price.minimum_joules = draw_joules();
    for (Term& term : price.terms) {
      const int64_t end = 1 + draw(2'000);
      term.rate.tiers = {{Rational(end), draw_joules()},
                         {Rational(end + 1 + draw(2'000)), draw_joules()},
                         {std::nullopt, draw_joules()}};
    }
  }
  return tariff;
}

inline Usage DrawUsage(const Tariff& tariff) {
  const auto draw = [](int64_t below) { return *rc::gen::inRange<int64_t>(0, below); };
  Usage usage{.operation = static_cast<int32_t>(draw(41) + 1),
              .count = draw(3) == 0 ? draw(tariff.max_batch) + 1 : 1,
              .size_bytes = draw(int64_t{1} << draw(42)),
              .duration_s = draw(int64_t{1} << draw(28)),
              .copies = static_cast<int32_t>(draw(tariff.max_copies) + 1),
              .durability = static_cast<Durability>(draw(4)),
              .nodes = draw(tariff.max_nodes + 1),
              .results = draw(tariff.max_results + 1),
              .timeout_ms = draw(tariff.max_timeout_ms + 1),
              .latency_ms = draw(500),
              .concurrent_searches = draw(tariff.max_concurrent_searches + 1),
              .congestion_ppm = draw(2) == 0 ? 1'000'000 : 1'000'000 + draw(7'000'000),
              .priority = static_cast<Priority>(draw(4)),
              .complexity = static_cast<Complexity>(draw(3)),
              .reputation_ppm = static_cast<int32_t>(draw(1'000'001)),
              .reliability_ppm = static_cast<int32_t>(draw(1'000'001)),
              .at = Time(std::chrono::seconds(1'767'225'600 + draw(31'536'000)))};
  if (draw(2) == 0) usage.utility_ppm = static_cast<int32_t>(draw(1'000'001));
  if (draw(2) == 0) usage.discounts.push_back("provider");
  if (draw(2) == 0) usage.discounts.push_back("founder");
  return usage;
}

}  // namespace joulebook::costing
