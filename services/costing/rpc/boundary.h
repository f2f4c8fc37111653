// The boundary of costing's calls.
#pragma once

#include "common/rpc/boundary.h"
#include "services/costing/domain/errors.h"

namespace joulebook::costing {

inline const Boundary& CostingBoundary() {
  static const auto* const boundary = new Boundary(kErrorDomain);
  return *boundary;
}

}  // namespace joulebook::costing
