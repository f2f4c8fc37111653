// A quote is the price, not a cap: whether a transfer is what its quote says
// (docs/reference/quotes.md).
#pragma once

#include "services/ledger/domain/book.h"

namespace joulebook::ledger {

// Whether the transfer, whose parties are resolved and known, may be made with its own quote: on a
// POST or RESERVE the quote of the use, on a CHARGE the settlement of the hold's quote.
ResultCode CheckQuote(const BookView& view, const TransferRecord& record, const Quote& quote);

// Whether what a transfer records is what was priced; absent is taken as that. Else the first field
// that differs.
ResultCode CompareRecorded(const UsageDetails& recorded, const PricedUse& priced);

// Whether the hold may be charged so without a quote of the charge's own.
ResultCode CheckUnsettledCharge(const Hold& hold, const TransferRequest& charge);

}  // namespace joulebook::ledger
