// The page that lists what each operation costs under a tariff.
#pragma once

#include <string>

#include "services/costing/domain/tariff.h"

namespace joulebook::costing {

// Markdown: docs/reference/operations.md is this of the shipped tariff. Errors: as of Price.
absl::StatusOr<std::string> OperationsReference(const Tariff& tariff);

}  // namespace joulebook::costing
