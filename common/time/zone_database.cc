#include "common/time/zone_database.h"

#include <cstdlib>
#include <fstream>

namespace joulebook {

std::optional<std::string> TimeZoneDatabaseVersion() {
  constexpr char kFirstLine[] = "# version ";
  constexpr std::size_t kLongest = 32;
  const char* const directory = std::getenv("TZDIR");
  std::ifstream database(std::string(directory == nullptr ? "/usr/share/zoneinfo" : directory) +
                         "/tzdata.zi");
  std::string line;
  if (!std::getline(database, line) || !line.starts_with(kFirstLine)) return std::nullopt;
  line.erase(0, sizeof kFirstLine - 1);
  if (line.empty() || line.size() > kLongest) return std::nullopt;
  return line;
}

}  // namespace joulebook
