#pragma once

#include <optional>
#include <string>

namespace joulebook::ledger {

// A fault in the books: its nature, its place, and what was expected; for people.
using Difference = std::optional<std::string>;

}  // namespace joulebook::ledger
