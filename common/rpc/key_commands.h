// Commands that make and show signing keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"

namespace joulebook {

// Prints a new signing key. The one argument is its name; `usage` is what to say without.
absl::Status PrintNewKey(const std::vector<std::string>& arguments, std::string_view usage);

// Prints the public halves of signing keys, which verifiers need. INVALID_ARGUMENT for no keys.
absl::Status PrintVerifierKeys(const std::string& keys);

}  // namespace joulebook
