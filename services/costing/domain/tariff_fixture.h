// The shipped tariffs, for tests.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "services/costing/domain/tariff_document.h"

namespace joulebook::costing {

inline std::string ShippedText(const std::string& name) {
  std::ifstream file(JOULEBOOK_SOURCE_DIR "/services/costing/tariffs/" + name + ".json");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

inline bool FindZone(const std::string& name, absl::TimeZone* zone) {
  return absl::LoadTimeZone(name, zone);
}

// A shipped tariff with the values of `patch` put over it (RFC 7386).
inline absl::StatusOr<TariffDocument> ParsePatched(const std::string& name,
                                                   const std::string& patch) {
  nlohmann::json document = nlohmann::json::parse(ShippedText(name));
  document.merge_patch(nlohmann::json::parse(patch));
  return ParseTariff(document.dump(), FindZone);
}

inline Tariff Patched(const std::string& patch = "{}") {
  return ParsePatched("constants", patch).value().tariff;
}

}  // namespace joulebook::costing
