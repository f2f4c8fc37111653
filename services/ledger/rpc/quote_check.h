// Who signed a quote, decided with public keys alone: the costing service is not called.
#pragma once

#include <vector>

#include "common/crypto/note.h"
#include "services/ledger/rpc/convert_transfer.h"

namespace joulebook::ledger {

// Without keys every quote is a stranger's. The check is thread-safe.
QuoteCheck MakeQuoteCheck(std::vector<NoteVerifier> keys);

}  // namespace joulebook::ledger
