#include "tools/metered_day/earnings.h"

#include "common/money/arithmetic.h"
#include "common/rpc/timestamps.h"

namespace joulebook::metered_day {
namespace {

using costing::v1::Earning;

constexpr std::chrono::hours kDay(24);
constexpr int64_t kDaySeconds = std::chrono::seconds(kDay).count();
constexpr int64_t kPlainFactorPpm = 1'000'000;

constexpr char kEarningDomain[] = "joulebook.costing.v1.Earning";

class Payer {
 public:
  Payer(const std::string& fund, LedgerClient& ledger, CostingClient& costing, IdGenerator& ids,
        Earnings& earnings)
      : fund_(fund), ledger_(ledger), costing_(costing), ids_(ids), earnings_(earnings) {}

  absl::Status ClaimAndPay(const Provider& provider, const Earning& claim) {
    if (claim.units() == 0) return absl::OkStatus();
    JB_ASSIGN_OR_RETURN(const Earning earning, costing_.RecordEarning(claim));
    const std::string& id = earning.earning_id();
    JB_RETURN_IF_ERROR(costing_.SetEarningState(id, costing::v1::EARNING_STATE_CONFIRMED));
    ++earnings_.confirmed;
    earnings_.confirmed_microjoules += earning.amount_microjoules();
    if (earning.amount_microjoules() == 0) return absl::OkStatus();
    JB_ASSIGN_OR_RETURN(const bool is_paid,
                        PayEarning(earning, provider.account, fund_, ledger_, costing_, ids_));
    if (!is_paid) return absl::OkStatus();
    ++earnings_.paid;
    earnings_.paid_microjoules += earning.amount_microjoules();
    return absl::OkStatus();
  }

 private:
  const std::string& fund_;
  LedgerClient& ledger_;
  CostingClient& costing_;
  IdGenerator& ids_;
  Earnings& earnings_;
};

}  // namespace

absl::StatusOr<bool> PayEarning(const Earning& earning, const std::string& account,
                                const std::string& fund, LedgerClient& ledger,
                                CostingClient& costing, IdGenerator& ids) {
  ledger::v1::PostTransfersRequest request;
  *request.add_transfers() =
      MakePayment(ids.Next().ToString(), fund, account, earning.amount_microjoules(),
                  {kEarningDomain, earning.earning_id()});
  JB_ASSIGN_OR_RETURN(const auto response, ledger.Post(request));
  const auto code = response.results(0).code();
  if (code == ledger::v1::TRANSFER_RESULT_CODE_EXCEEDS_AVAILABLE) return false;
  if (code != ledger::v1::TRANSFER_RESULT_CODE_OK &&
      code != ledger::v1::TRANSFER_RESULT_CODE_ONCE_DONE) {
    return absl::InternalError(ledger::v1::TransferResultCode_Name(code));
  }
  JB_RETURN_IF_ERROR(
      costing.SetEarningState(earning.earning_id(), costing::v1::EARNING_STATE_PAID));
  return true;
}

absl::StatusOr<Earnings> PayEarnings(const std::map<std::string, Provider>& providers,
                                     const std::string& fund, Time end, LedgerClient& ledger,
                                     CostingClient& costing, IdGenerator& ids) {
  Earnings earnings;
  Payer payer(fund, ledger, costing, ids, earnings);
  for (const auto& [name, provider] : providers) {
    JB_ASSIGN_OR_RETURN(const int64_t byte_seconds,
                        MulDiv(provider.stored_bytes, kDaySeconds, 1, Rounding::kFloor));
    const std::pair<costing::v1::EarningSource, int64_t> sources[] = {
        {costing::v1::EARNING_SOURCE_STORAGE, byte_seconds},
        {costing::v1::EARNING_SOURCE_NETWORK, provider.moved_operations},
        {costing::v1::EARNING_SOURCE_GEOGRAPHIC, kDaySeconds},
    };
    for (const auto& [source, units] : sources) {
      Earning claim;
      claim.set_earning_id(ids.Next().ToString());
      claim.set_provider_member_id(provider.member_id);
      claim.set_source(source);
      claim.set_units(units);
      claim.set_first_factor_ppm(kPlainFactorPpm);
      claim.set_second_factor_ppm(kPlainFactorPpm);
      SetTimestamp(end - kDay, *claim.mutable_start_time());
      SetTimestamp(end, *claim.mutable_end_time());
      JB_RETURN_IF_ERROR(payer.ClaimAndPay(provider, claim));
    }
  }
  return earnings;
}

}  // namespace joulebook::metered_day
