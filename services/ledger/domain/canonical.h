// The canonical bytes of a transfer request: what its signature covers.
#pragma once

#include <string>

#include "services/ledger/domain/transfer.h"

namespace joulebook::ledger {

// The layout of docs/reference/canonical-bytes.md: a domain-separating prefix, then every field of
// the content but the signature, in a fixed order, each of a fixed width or with its length before
// it. Two different requests never have the same bytes.
std::string CanonicalBytes(const TransferRequest& request);

}  // namespace joulebook::ledger
