// The content of a quote, without asking who signed it.
#pragma once

#include <optional>

#include "joulebook/type/v1/quote.pb.h"
#include "services/ledger/domain/quote.h"

namespace joulebook::ledger {

// Nothing if the terms are no QuoteTerms, or lack what a quote must have.
std::optional<Quote> ParseQuote(const type::v1::SignedQuote& proto);

// The values that a hold keeps of a serialized SignedQuote: nothing of the quotes of before quotes
// had payees. Nothing at all if it is no quote. Its signature is not looked at.
std::optional<PricedUse> ParsePricedUse(const std::string& signed_quote);

}  // namespace joulebook::ledger
