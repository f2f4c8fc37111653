// Small files that must survive a crash.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/status/status.h"

namespace joulebook {

// The file's bytes; nothing where there is no such file. UNAVAILABLE when it cannot be read.
absl::StatusOr<std::optional<std::string>> ReadIfThere(const std::string& path);

// Replaces the file's content: OK means that the new content is on the disk, and after a crash
// before that the old content is. UNAVAILABLE when it cannot be written.
absl::Status WriteDurably(const std::string& path, std::string_view content);

}  // namespace joulebook
