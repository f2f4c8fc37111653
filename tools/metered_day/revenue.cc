#include "tools/metered_day/revenue.h"

#include <vector>

#include "absl/strings/str_cat.h"
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

absl::Status RevenueShares::Pay(LedgerClient& ledger, IdGenerator& ids) const {
  ledger::v1::PostTransfersRequest request;
  for (const auto& [account, amount] : by_account_) {
    if (amount == 0) continue;
    auto& item = *request.add_transfers();
    item = MakePayment(
        ids.Next().ToString(), accounts_.revenue, account, amount,
        {"joulebook.metered_day.RevenueShare", absl::StrCat(accounts_.revenue, "/", account)});
    item.set_linked(true);
  }
  if (request.transfers().empty()) return absl::OkStatus();
  request.mutable_transfers(request.transfers_size() - 1)->set_linked(false);
  JB_ASSIGN_OR_RETURN(const auto response, ledger.Post(request));
  for (const auto& result : response.results()) {
    switch (result.code()) {
      case ledger::v1::TRANSFER_RESULT_CODE_OK:
      case ledger::v1::TRANSFER_RESULT_CODE_LINKED_EVENT_FAILED:
        break;
      case ledger::v1::TRANSFER_RESULT_CODE_ONCE_DONE:
        return absl::OkStatus();  // one share is paid with all others or not at all
      default:
        return absl::InternalError(ledger::v1::TransferResultCode_Name(result.code()));
    }
  }
  return absl::OkStatus();
}

}  // namespace joulebook::metered_day
