// Earnings of providers for being there, beside their share of the charges.
#pragma once

#include <map>
#include <string>

#include "common/ids/id_generator.h"
#include "common/time/clock.h"
#include "tools/metered_day/costing_client.h"
#include "tools/metered_day/ledger_client.h"

namespace joulebook::metered_day {

struct Provider {
  std::string member_id;
  std::string account;
  int64_t moved_operations = 0;  // charged ones whose data it moved
  int64_t stored_bytes = 0;      // of charged ones
};

struct Earnings {
  int64_t confirmed = 0;
  int64_t confirmed_microjoules = 0;
  int64_t paid = 0;  // of the confirmed ones
  int64_t paid_microjoules = 0;
};

// Pays a confirmed earning from the fund's account and says so to costing. False where the fund has
// too little; then try again later. However often it is tried it is paid once.
absl::StatusOr<bool> PayEarning(const costing::v1::Earning& earning, const std::string& account,
                                const std::string& fund, LedgerClient& ledger,
                                CostingClient& costing, IdGenerator& ids);

// Claims what each provider earned in the day that ends at `end` (storage, network, geographic),
// confirms it, and pays it. An earning that the fund cannot pay stays confirmed. Errors: a claim
// refused, or a payment for any other reason.
absl::StatusOr<Earnings> PayEarnings(const std::map<std::string, Provider>& providers,
                                     const std::string& fund, Time end, LedgerClient& ledger,
                                     CostingClient& costing, IdGenerator& ids);

}  // namespace joulebook::metered_day
