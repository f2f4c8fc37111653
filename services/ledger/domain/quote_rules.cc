#include "services/ledger/domain/quote_rules.h"

#include <variant>

namespace joulebook::ledger {
namespace {

bool MayBeCredited(const Payee& payee, const Account& account) {
  struct Visitor {
    const Account& account;
    bool operator()(AccountRole role) const { return account.role == role; }
    bool operator()(const PayeeAccount& named) const { return account.id == named.id; }
    bool operator()(const PayeeProvider& provider) const {
      return account.role == AccountRole::kProvider && account.owner == provider.member;
    }
  };
  return std::visit(Visitor{account}, payee);
}

bool Differs(int64_t recorded, int64_t priced) { return recorded != 0 && recorded != priced; }

ResultCode CheckParties(const BookView& view, const TransferRecord& record, const Quote& quote) {
  const Account& debit = view.accounts.at(record.debit);
  const Account& credit = view.accounts.at(record.credit);
  if (debit.owner != quote.member) return ResultCode::kQuoteHasDifferentPayer;
  if (credit.owner == quote.member || !MayBeCredited(quote.payee, credit)) {
    return ResultCode::kQuoteHasDifferentPayee;
  }
  if (record.operation != quote.operation) return ResultCode::kQuoteHasDifferentOperation;
  if (debit.asset != kJoule) return ResultCode::kQuoteHasDifferentAsset;
  return ResultCode::kOk;
}

int64_t UsesOf(const BookView& view, const Uuid& quote) {
  const auto uses = view.quote_uses.find(quote);
  return uses == view.quote_uses.end() ? 0 : uses->second;
}

// Whether the quote may be used here and now: for a hold its own settlement, else no settlement,
// for the member as it is, in the order of its session.
ResultCode CheckPlace(const BookView& view, const TransferRequest& request, const Quote& quote) {
  if (request.kind == TransferKind::kCharge) {
    const Hold& hold = view.holds.at(*request.target);
    const bool is_settlement = quote.settles.has_value() && hold.quote_id == quote.settles;
    return is_settlement ? ResultCode::kOk : ResultCode::kQuoteNotOfThisHold;
  }
  if (quote.settles.has_value()) return ResultCode::kQuoteNotOfThisHold;
  if (request.kind == TransferKind::kPost && quote.priced.needs_settlement) {
    return ResultCode::kQuoteNeedsSettlement;
  }
  const auto member = view.members.find(quote.member);
  if (member == view.members.end() ||
      quote.reputation_ppm > member->second.reputation.overall_ppm) {
    return ResultCode::kQuoteReputationTooHigh;
  }
  if (quote.previous_settlement.has_value() && UsesOf(view, *quote.previous_settlement) == 0) {
    return ResultCode::kQuoteOutOfOrder;
  }
  return ResultCode::kOk;
}

}  // namespace

ResultCode CompareRecorded(const UsageDetails& recorded, const PricedUse& priced) {
  if (Differs(recorded.data_size_bytes, priced.data_size_bytes)) {
    return ResultCode::kQuoteHasDifferentDataSize;
  }
  if (Differs(recorded.duration_s, priced.duration_s)) {
    return ResultCode::kQuoteHasDifferentDuration;
  }
  return Differs(recorded.redundancy, priced.redundancy) ? ResultCode::kQuoteHasDifferentRedundancy
                                                         : ResultCode::kOk;
}

ResultCode CheckQuote(const BookView& view, const TransferRecord& record, const Quote& quote) {
  if (!quote.is_signed) return ResultCode::kQuoteNotSigned;
  if (record.recorded < quote.starts) return ResultCode::kQuoteNotYetValid;
  if (record.recorded >= quote.expires) return ResultCode::kQuoteExpired;
  const TransferRequest& request = record.request;
  ResultCode code = CheckParties(view, record, quote);
  if (code == ResultCode::kOk) code = CompareRecorded(request.usage, quote.priced);
  if (code == ResultCode::kOk) code = CheckPlace(view, request, quote);
  if (code != ResultCode::kOk) return code;
  if (UsesOf(view, quote.id) >= quote.uses) return ResultCode::kQuoteUsedUp;
  if (request.keep_rest) return ResultCode::kQuoteKeepsNoRest;
  if (request.amount < quote.total) return ResultCode::kBelowQuote;
  return request.amount > quote.total ? ResultCode::kExceedsQuote : ResultCode::kOk;
}

ResultCode CheckUnsettledCharge(const Hold& hold, const TransferRequest& charge) {
  if (!hold.quote_id.has_value()) return ResultCode::kOk;
  const ResultCode recorded = CompareRecorded(charge.usage, hold.priced);
  if (recorded != ResultCode::kOk) return recorded;
  if (hold.priced.needs_settlement) return ResultCode::kQuoteNeedsSettlement;
  if (charge.keep_rest) return ResultCode::kQuoteKeepsNoRest;
  return charge.amount < hold.amount ? ResultCode::kBelowQuote : ResultCode::kOk;
}

}  // namespace joulebook::ledger
