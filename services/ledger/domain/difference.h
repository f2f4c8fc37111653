#pragma once

#include <optional>
#include <string>

namespace joulebook::ledger {

// What is wrong in the books, where, and what was expected; for people.
using Difference = std::optional<std::string>;

}  // namespace joulebook::ledger
