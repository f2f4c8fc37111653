// The Merkle log in PostgreSQL.
#pragma once

#include <memory>

#include "common/db/transaction.h"
#include "services/ledger/store/log_store.h"

namespace joulebook::ledger {

// The objects that `database` refers to must outlive the store.
std::unique_ptr<LogStore> MakePgLogStore(const Database& database);

}  // namespace joulebook::ledger
