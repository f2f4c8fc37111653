// Costing's tables in PostgreSQL.
#pragma once

#include <memory>

#include "common/db/migrate.h"
#include "common/db/transaction.h"
#include "services/costing/store/store.h"

namespace joulebook::costing {

inline constexpr char kSchema[] = "costing";

// All migrations of the schema, in order.
std::span<const Migration> Migrations();

// The objects that `database` refers to must outlive the store.
std::unique_ptr<Store> MakePgStore(const Database& database);

}  // namespace joulebook::costing
