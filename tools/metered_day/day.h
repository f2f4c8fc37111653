// The metered day: members use, providers serve, the ledger reserves, charges and pays.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/ids/id_generator.h"
#include "common/time/clock.h"
#include "tools/metered_day/ledger_client.h"
#include "tools/metered_day/trace.h"

namespace joulebook::metered_day {

struct DayResult {
  std::map<std::string, std::string> member_accounts;    // name to account id
  std::map<std::string, std::string> provider_accounts;  // name to account id
  std::map<std::string, int64_t> refused;                // result code to operations
  int64_t charged = 0;
  int64_t released = 0;
  Duration elapsed{};
  std::vector<Duration> latencies;  // of each operation, reservation to last answer
};

// Called now and then with how many operations are done.
using Progress = std::function<void(std::size_t done, std::size_t total)>;

// Registers everybody, then replays the trace: for each operation a reservation, then its charge in
// full, which pays the provider, or its release where the operation fails.
absl::StatusOr<DayResult> RunDay(const std::vector<Usage>& trace, LedgerClient& ledger,
                                 IdGenerator& ids, Clock& clock, const Progress& progress);

}  // namespace joulebook::metered_day
