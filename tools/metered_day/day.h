// The metered day: members use, costing quotes, the ledger reserves, charges and pays out.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/ids/id_generator.h"
#include "common/time/clock.h"
#include "tools/metered_day/costing_client.h"
#include "tools/metered_day/earnings.h"
#include "tools/metered_day/ledger_client.h"
#include "tools/metered_day/revenue.h"
#include "tools/metered_day/trace.h"

namespace joulebook::metered_day {

struct MemberAccount {
  std::string id;  // of the member, and so of its joule account
  int32_t reputation_ppm = 0;
};

struct DayResult {
  std::map<std::string, MemberAccount> members;  // by name
  std::map<std::string, Provider> providers;     // by name
  NetworkAccounts network;
  std::map<std::string, int64_t> refused;  // result code or reason to operations
  int64_t charged = 0;
  int64_t released = 0;
  int64_t charged_microjoules = 0;
  // The charges, in order: the member's name and the usage by which it was priced.
  std::vector<std::pair<std::string, type::v1::Usage>> charged_usage;
  Earnings earnings;
  // One charged operation, with its bill; and what a proof of work asked for.
  std::optional<costing::v1::Quote> shown;
  std::string shown_charge_id;
  costing::v1::Challenge proven;
  Duration elapsed{};
  std::vector<Duration> latencies;  // of each operation, quote to last answer
};

// Called now and then with how many operations are done.
using Progress = std::function<void(std::size_t done, std::size_t total)>;

// The dependencies of the day; all must outlive it.
struct DayDependencies {
  LedgerClient& ledger;
  CostingClient& costing;
  IdGenerator& ids;
  Clock& clock;
};

// Registers everybody, gives the members reputations, shows one proof of work, then replays the
// trace: for each operation a quote, a reservation by it, then the charge in full, or the release
// where the operation fails. In the end what was charged is split and paid out, and
// the fund pays what providers earned beside.
absl::StatusOr<DayResult> RunDay(const std::vector<Usage>& trace, const DayDependencies& on,
                                 const Progress& progress);

}  // namespace joulebook::metered_day
