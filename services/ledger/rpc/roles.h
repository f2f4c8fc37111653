// Which role each RPC needs.
#pragma once

#include <string_view>

#include "common/rpc/auth.h"

namespace joulebook::ledger {

// The role for the method of LedgerService, by its name. Unknown names need an admin.
Role RoleOf(std::string_view method);

}  // namespace joulebook::ledger
