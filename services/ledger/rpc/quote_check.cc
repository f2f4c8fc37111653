#include "services/ledger/rpc/quote_check.h"

#include <memory>
#include <utility>

#include "common/rpc/signed_quote.h"

namespace joulebook::ledger {

QuoteCheck MakeQuoteCheck(std::vector<NoteVerifier> keys) {
  auto verifier = std::make_shared<BatchVerifier>(kQuoteContext, std::move(keys));
  return [verifier](const type::v1::SignedQuote& quote) {
    const auto proof = ProofOf(quote);
    return proof.has_value() && verifier->Verify(quote.terms(), *proof);
  };
}

}  // namespace joulebook::ledger
