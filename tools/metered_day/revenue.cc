#include "tools/metered_day/revenue.h"

#include <vector>

#include "services/costing/domain/revenue.h"

namespace joulebook::metered_day {

absl::Status RevenueShares::Add(const type::v1::QuoteTerms& terms,
                                const std::string& storage_account,
                                const std::string& network_account) {
  const std::vector<int64_t> one = {1};
  const int64_t work = terms.proof_of_work_microjoules();
  JB_ASSIGN_OR_RETURN(const auto split,
                      costing::SplitRevenue(tariff_, terms.total_microjoules() - work, one, one));
  by_account_[accounts_.sink] += work;
  by_account_[accounts_.creators] += split.creator;
  by_account_[storage_account] += split.storage[0];
  by_account_[network_account] += split.network[0];
  by_account_[accounts_.fund] += split.fund;
  charged_ += terms.total_microjoules();
  return absl::OkStatus();
}

}  // namespace joulebook::metered_day
