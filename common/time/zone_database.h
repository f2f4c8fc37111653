// The time zone database of this machine, which absl::LoadTimeZone reads.
#pragma once

#include <optional>
#include <string>

namespace joulebook {

// Its version, such as "2025b", as the first line of its tzdata.zi says. Nothing where there is no
// database, or none that says.
std::optional<std::string> TimeZoneDatabaseVersion();

}  // namespace joulebook
