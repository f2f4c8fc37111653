// Rows to domain values, and domain values to the arrays of set-based statements. Column orders are
// those of sql.h.
#pragma once

#include <pqxx/result>
#include <vector>

#include "common/db/arrays.h"
#include "services/ledger/domain/book.h"

namespace joulebook::ledger {

Asset ReadAsset(const pqxx::row& row);
Member ReadMember(const pqxx::row& row);
ReputationChange ReadReputationChange(const pqxx::row& row);
Account ReadAccount(const pqxx::row& row);
Hold ReadHold(const pqxx::row& row);
TransferRecord ReadTransfer(const pqxx::row& row);
Uuid ReadUuid(const pqxx::field& field);

// One array for each column.
using Columns = std::vector<ArrayLiteral>;

void AddRow(const Member& member, Columns& columns);
void AddRow(const Account& account, Columns& columns);
void AddRow(const Hold& hold, Columns& columns);
void AddRow(const TransferRecord& record, Columns& columns);
void AddBalancesRow(const Account& account, Columns& columns);

int64_t ToMicros(Time time);
Time FromMicros(int64_t micros);

}  // namespace joulebook::ledger
