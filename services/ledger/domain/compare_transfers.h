// Telling a safe retry from the misuse of an id.
#pragma once

#include "services/ledger/domain/transfer.h"

namespace joulebook::ledger {

// kExists when both have the same content, else the kExistsWithDifferent... of the first field that
// differs, in the order of the codes.
ResultCode CompareContent(const TransferRequest& first, const TransferRequest& repeated);

}  // namespace joulebook::ledger
