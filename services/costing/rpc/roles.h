// Which role each RPC needs.
#pragma once

#include <string_view>

#include "common/rpc/auth.h"

namespace joulebook::costing {

// The role for the method of CostingService, by its name. Unknown names need an admin.
Role RoleOf(std::string_view method);

}  // namespace joulebook::costing
