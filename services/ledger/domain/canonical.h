// Canonical bytes: of a request, what its signature covers; of a decided transfer, its leaf in the
// Merkle log. Those of the log's other records are in record.h.
#pragma once

#include <string>

#include "services/ledger/domain/transfer.h"

namespace joulebook::ledger {

// The layout of docs/reference/canonical-bytes.md: a domain-separating prefix, then every field of
// the content but the signature, in a fixed order, each of a fixed width or with its length before
// it. Two different requests never have the same bytes.
std::string CanonicalBytes(const TransferRequest& request);

// The same for a decided transfer: its place and time and its request with the signature. A
// committed one adds what was resolved and moved, and both accounts' balances after it; a refused
// one adds the result. The prefix tells which.
std::string CanonicalBytes(const TransferRecord& record);

}  // namespace joulebook::ledger
