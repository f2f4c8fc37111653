#include "services/ledger/domain/quote_audit.h"

#include "absl/strings/str_cat.h"

namespace joulebook::ledger {

Difference QuoteAudit::Add(const TransferRecord& record) {
  const TransferRequest& request = record.request;
  if (request.kind != TransferKind::kReserve || request.quote.empty()) return std::nullopt;
  const auto priced = read_(request.quote);
  if (!priced.has_value()) {
    return absl::StrCat("position ", record.position, ", transfer ", request.id.ToString(),
                        ": its quote cannot be read");
  }
  holds_[request.id] = *priced;
  return std::nullopt;
}

Difference QuoteAudit::CheckHold(const Hold& hold) const {
  const auto derived = holds_.find(hold.id);
  const PricedUse expected = derived == holds_.end() ? PricedUse() : derived->second;
  if (hold.priced == expected) return std::nullopt;
  return absl::StrCat("hold ", hold.id.ToString(), ": it does not keep what its quote priced");
}

}  // namespace joulebook::ledger
