// Rows to domain values and back. Column orders are those of sql.h.
#pragma once

#include <pqxx/result>
#include <vector>

#include "common/db/binary_rows.h"
#include "services/ledger/domain/book.h"

namespace joulebook::ledger {

Asset ReadAsset(const pqxx::row& row);
Member ReadMember(const pqxx::row& row);
ReputationChange ReadReputationChange(const pqxx::row& row);
Account ReadAccount(const pqxx::row& row);
Hold ReadHold(const pqxx::row& row);
OnceKeyHolder ReadOnceKeyHolder(const pqxx::row& row);
OnceUse ReadOnceUse(const pqxx::row& row);
TransferRecord ReadTransfer(const pqxx::row& row);
Uuid ReadUuid(const pqxx::field& field);
// NULL reads as empty.
std::string ReadBytes(const pqxx::field& field);

inline constexpr int16_t kMemberColumns = 14;
inline constexpr int16_t kReputationColumns = 9;
inline constexpr int16_t kReputationChangeColumns = 18;
inline constexpr int16_t kAccountColumns = 10;
inline constexpr int16_t kStateColumns = 2;
inline constexpr int16_t kHoldColumns = 16;
inline constexpr int16_t kTransferColumns = 42;
inline constexpr int16_t kLoneTransferColumns = 43;
inline constexpr int16_t kRecordColumns = 6;

void AddRow(const Member& member, BinaryRows& rows);
// The row of kUpdateReputation.
void AddReputationRow(const Member& member, BinaryRows& rows);
void AddRow(const ReputationChange& change, BinaryRows& rows);
void AddRow(const Account& account, BinaryRows& rows);
// The row of kUpdateState.
void AddStateRow(const Account& account, BinaryRows& rows);
void AddRow(const Hold& hold, BinaryRows& rows);
void AddRow(const TransferRecord& record, BinaryRows& rows);
// The hash of the transfer's leaf in the log: as it was given, or else from its content.
std::string LeafHash(const TransferRecord& record);
// The row of kInsertLoneTransfer.
void AddLoneRow(const TransferRecord& record, std::string_view expected_head, BinaryRows& rows);
void AddRow(const BookRecord& record, BinaryRows& rows);

// A number as libpq's text has it.
int64_t NumberIn(const std::string& text);

int64_t ToMicros(Time time);
Time FromMicros(int64_t micros);

}  // namespace joulebook::ledger
