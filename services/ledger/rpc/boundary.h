// The boundary of the ledger's calls.
#pragma once

#include "common/rpc/boundary.h"
#include "services/ledger/domain/errors.h"

namespace joulebook::ledger {

inline const Boundary& LedgerBoundary() {
  static const auto* const boundary = new Boundary(kErrorDomain);
  return *boundary;
}

}  // namespace joulebook::ledger
