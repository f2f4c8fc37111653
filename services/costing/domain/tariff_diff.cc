#include "services/costing/domain/tariff_diff.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/str_cat.h"
#include "services/costing/domain/tariff_reader.h"

namespace joulebook::costing {
namespace {

using nlohmann::json;

void Compare(const std::string& place, const json* before, const json* after,
             std::vector<TariffDifference>& differences) {
  const bool both = before != nullptr && after != nullptr;
  if (both && *before == *after) return;
  const auto child = [](const json* value, const auto& key) -> const json* {
    return value->contains(key) ? &(*value)[key] : nullptr;
  };
  if (both && before->is_object() && after->is_object()) {
    std::set<std::string> keys;
    for (const json* value : {before, after}) {
      for (const auto& [key, unused] : value->items()) keys.insert(key);
    }
    for (const std::string& key : keys) {
      Compare(place.empty() ? key : absl::StrCat(place, ".", key), child(before, key),
              child(after, key), differences);
    }
  } else if (both && before->is_array() && after->is_array()) {
    const auto at = [](const json* value, std::size_t i) {
      return i < value->size() ? &(*value)[i] : nullptr;
    };
    for (std::size_t i = 0; i < std::max(before->size(), after->size()); ++i) {
      Compare(absl::StrCat(place, "[", i, "]"), at(before, i), at(after, i), differences);
    }
  } else {
    differences.push_back(
        {place, before == nullptr ? "" : before->dump(), after == nullptr ? "" : after->dump()});
  }
}

}  // namespace

absl::StatusOr<std::vector<TariffDifference>> DiffTariffs(std::string_view before,
                                                          std::string_view after) {
  JB_ASSIGN_OR_RETURN(const json old_document, ParseJson(before));
  JB_ASSIGN_OR_RETURN(const json new_document, ParseJson(after));
  std::vector<TariffDifference> differences;
  Compare("", &old_document, &new_document, differences);
  return differences;
}

}  // namespace joulebook::costing
