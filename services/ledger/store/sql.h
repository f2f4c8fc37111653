// Every statement of the ledger, by name. Parameters only; sets of ids go as arrays.
#pragma once

#include "common/db/direct_connection.h"

namespace joulebook::ledger::sql {

inline constexpr PreparedStatement kBegin{"begin", "BEGIN"};
inline constexpr PreparedStatement kCommit{"commit", "COMMIT"};
inline constexpr PreparedStatement kRollback{"rollback", "ROLLBACK"};
#define JOULEBOOK_HEAD_COLUMNS \
  "last_position, head_hash, states_position, last_recorded_us, member_count "
// The row lock makes the holder the only writer of the book. The time is that of the lock.
inline constexpr PreparedStatement kLockBook{
    "lock_book", "SELECT " JOULEBOOK_HEAD_COLUMNS
                 ", (extract(epoch FROM clock_timestamp()) * 1000000)::bigint "
                 "FROM ledger.book FOR UPDATE"};
// Takes the lock too, and fails with 40001 when the book's head is not at $1 with hash $2 any more.
inline constexpr PreparedStatement kAdvanceBook{
    "advance_book", "SELECT ledger.advance_book($1, $2, $3, $4, $5, $6, $7)"};
// Takes the lock and gives it back, as a commit does.
inline constexpr PreparedStatement kTouchBook{
    "touch_book", "SELECT last_recorded_us FROM ledger.book FOR NO KEY UPDATE"};
inline constexpr PreparedStatement kPing{"ping", "SELECT last_recorded_us FROM ledger.book"};
// Ends the sessions of this login that have been in a transaction that writes the book for more
// than $1 microseconds and that the server waits for.
inline constexpr PreparedStatement kEndSleepers{"end_sleepers", R"(
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE usename = current_user AND datname = current_database() AND wait_event_type = 'Client'
  AND xact_start < clock_timestamp() - $1::bigint * interval '1 microsecond'
  AND pid IN (SELECT pid FROM pg_locks WHERE relation = 'ledger.book'::regclass AND granted
                AND mode IN ('RowShareLock', 'RowExclusiveLock')))"};
inline constexpr char kHead[] = "SELECT " JOULEBOOK_HEAD_COLUMNS "FROM ledger.book";
// Only for whoever holds the lock.
inline constexpr char kSetHead[] =
    "UPDATE ledger.book SET last_position = $1, head_hash = $2, last_recorded_us = $3, "
    "states_position = $4";

// Pages by id: those after $1, or without it from the first, which may be the nil UUID.
#define JOULEBOOK_ID_AFTER(id)                                                \
  id " >= coalesce($1::uuid, '00000000-0000-0000-0000-000000000000') AND " id \
     " IS DISTINCT FROM $1::uuid "

inline constexpr char kAssets[] = "SELECT code, scale, kind FROM ledger.assets ORDER BY code";

#define JOULEBOOK_MEMBER_COLUMNS                                                            \
  "id, public_key, display_name, trial_transfer_id, number, registered_us, overall_ppm, "   \
  "quality_ppm, contribution_ppm, behavior_ppm, social_ppm, violations, severity_sum_ppm, " \
  "changes "
inline constexpr char kMembers[] =
    "SELECT " JOULEBOOK_MEMBER_COLUMNS "FROM ledger.members WHERE id = ANY($1::uuid[])";
inline constexpr char kMembersUp[] =
    "SELECT " JOULEBOOK_MEMBER_COLUMNS
    "FROM ledger.members WHERE number > $1 ORDER BY number LIMIT $2";
inline constexpr char kMembersDown[] =
    "SELECT " JOULEBOOK_MEMBER_COLUMNS
    "FROM ledger.members WHERE number < $1 ORDER BY number DESC LIMIT $2";
inline constexpr PreparedStatement kInsertMember{
    "insert_member", "INSERT INTO ledger.members (" JOULEBOOK_MEMBER_COLUMNS
                     ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"};
inline constexpr PreparedStatement kUpdateReputation{"update_reputation", R"(
UPDATE ledger.members SET overall_ppm = $2, quality_ppm = $3, contribution_ppm = $4,
  behavior_ppm = $5, social_ppm = $6, violations = $7, severity_sum_ppm = $8, changes = $9
WHERE id = $1)"};

#define JOULEBOOK_REPUTATION_COLUMNS                                                           \
  "id, member_id, sequence, recorded_us, cause, quality_ppm, contribution_ppm, behavior_ppm, " \
  "social_ppm, violation_severity_ppm, note, after_overall_ppm, after_quality_ppm, "           \
  "after_contribution_ppm, after_behavior_ppm, after_social_ppm, after_violations, "           \
  "after_severity_sum_ppm "
inline constexpr char kReputationChanges[] =
    "SELECT " JOULEBOOK_REPUTATION_COLUMNS
    "FROM ledger.reputation_changes WHERE id = ANY($1::uuid[])";
inline constexpr char kReputationChangesPage[] =
    "SELECT " JOULEBOOK_REPUTATION_COLUMNS
    "FROM ledger.reputation_changes WHERE " JOULEBOOK_ID_AFTER("id") "ORDER BY id LIMIT $2";
inline constexpr char kReputationUp[] = "SELECT " JOULEBOOK_REPUTATION_COLUMNS
                                        "FROM ledger.reputation_changes WHERE member_id = $3 AND "
                                        "sequence > $1 ORDER BY sequence LIMIT $2";
inline constexpr char kReputationDown[] =
    "SELECT " JOULEBOOK_REPUTATION_COLUMNS
    "FROM ledger.reputation_changes WHERE member_id = $3 AND sequence < $1 "
    "ORDER BY sequence DESC LIMIT $2";
inline constexpr PreparedStatement kInsertReputationChange{
    "insert_reputation_change",
    "INSERT INTO ledger.reputation_changes (" JOULEBOOK_REPUTATION_COLUMNS
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, "
    "$14, $15, $16, $17, $18)"};

#define JOULEBOOK_ACCOUNT_COLUMNS                                                              \
  "id, owner_id, asset, role, lower_limit, upper_limit, state, requires_signature, metadata, " \
  "opened_us "
// An account's balances are those after its last transfer.
#define JOULEBOOK_LAST_BALANCES(side)                                                 \
  "(SELECT position, " side "_posted AS posted, " side "_reserved AS reserved, " side \
  "_pending AS pending, " side "_granted AS granted, " side "_spent AS spent, " side  \
  "_version AS version FROM ledger.transfers WHERE " side                             \
  "_id = a.id AND result = 1 "                                                        \
  "ORDER BY position DESC LIMIT 1)"
#define JOULEBOOK_SELECT_ACCOUNTS                                                               \
  "SELECT " JOULEBOOK_ACCOUNT_COLUMNS                                                           \
  ", posted, reserved, pending, granted, spent, version FROM ledger.accounts a "                \
  "LEFT JOIN LATERAL (" JOULEBOOK_LAST_BALANCES("debit") " UNION ALL " JOULEBOOK_LAST_BALANCES( \
      "credit") " ORDER BY position DESC LIMIT 1) last ON true "
inline constexpr char kAccounts[] = JOULEBOOK_SELECT_ACCOUNTS "WHERE id = ANY($1::uuid[])";
inline constexpr char kAccountsPage[] =  // by id
    JOULEBOOK_SELECT_ACCOUNTS "WHERE " JOULEBOOK_ID_AFTER("id") "ORDER BY id LIMIT $2";
// In the order of opening, those after account $1, from the first where there is none of that id.
#define JOULEBOOK_LIST_ACCOUNTS                                                                \
  JOULEBOOK_SELECT_ACCOUNTS                                                                    \
  "JOIN ledger.records opening ON opening.subject_id = a.id AND opening.kind = 2 "             \
  "WHERE opening.position > coalesce((SELECT position FROM ledger.records WHERE kind = 2 AND " \
  "subject_id = $1), 0) "
inline constexpr char kListAccounts[] =
    JOULEBOOK_LIST_ACCOUNTS "ORDER BY opening.position LIMIT $2";
inline constexpr char kListAccountsOfOwner[] =
    JOULEBOOK_LIST_ACCOUNTS "AND a.owner_id = $3 ORDER BY opening.position LIMIT $2";
inline constexpr PreparedStatement kInsertAccount{
    "insert_account", "INSERT INTO ledger.accounts (" JOULEBOOK_ACCOUNT_COLUMNS
                      ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"};
inline constexpr PreparedStatement kUpdateState{
    "update_state", "UPDATE ledger.accounts SET state = $2 WHERE id = $1"};

#define JOULEBOOK_HOLD_COLUMNS                                                                  \
  "id, debit_id, credit_id, asset, operation, amount, remaining, state, expires_us, quote_id, " \
  "tariff_hash, once_key, needs_settlement, priced_size_bytes, priced_duration_s, "             \
  "priced_redundancy "
inline constexpr char kHolds[] =
    "SELECT " JOULEBOOK_HOLD_COLUMNS "FROM ledger.holds WHERE id = ANY($1::uuid[])";
inline constexpr char kExpiredHolds[] =
    "SELECT " JOULEBOOK_HOLD_COLUMNS
    "FROM ledger.holds WHERE state = 1 AND expires_us <= $1 ORDER BY expires_us, id LIMIT $2";
inline constexpr char kEarliestExpiry[] =
    "SELECT expires_us FROM ledger.holds WHERE state = 1 ORDER BY expires_us LIMIT 1";
inline constexpr InsertStatement kInsertHolds{
    {"insert_hold", "INSERT INTO ledger.holds (" JOULEBOOK_HOLD_COLUMNS
                    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, "
                    "$16)"},
    "COPY ledger.holds (" JOULEBOOK_HOLD_COLUMNS ") FROM STDIN (FORMAT binary)"};
inline constexpr PreparedStatement kUpdateHolds{"update_holds", R"(
UPDATE ledger.holds h SET remaining = n.remaining, state = n.state
FROM unnest($1::uuid[], $2::bigint[], $3::smallint[]) AS n(id, remaining, state)
WHERE h.id = n.id)"};

#define JOULEBOOK_TRANSFER_COLUMNS                                                           \
  "id, position, recorded_us, result, kind, flags, debit_id, credit_id, asset, operation, "  \
  "amount, moved, debit_posted, debit_reserved, debit_pending, debit_granted, debit_spent, " \
  "debit_version, credit_posted, credit_reserved, credit_pending, credit_granted, "          \
  "credit_spent, credit_version, target_id, hold_ttl_ms, reference, block_id, "              \
  "data_size_bytes, duration_s, redundancy, metadata, effective_us, "                        \
  "if_debit_available_at_least, if_debit_version, if_credit_version, signature, leaf_hash, " \
  "quote, quote_id, tariff_hash, once_key "
inline constexpr char kTransfers[] =
    "SELECT " JOULEBOOK_TRANSFER_COLUMNS "FROM ledger.transfers WHERE id = ANY($1::uuid[])";
// The decisions beside transfers.
#define JOULEBOOK_RECORD_COLUMNS "position, recorded_us, kind, subject_id, content, leaf_hash "
inline constexpr PreparedStatement kInsertRecord{
    "insert_record",
    "INSERT INTO ledger.records (" JOULEBOOK_RECORD_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6)"};
inline constexpr char kRecordsSince[] =
    "SELECT " JOULEBOOK_RECORD_COLUMNS
    "FROM ledger.records WHERE position > $1 ORDER BY position LIMIT $2";

inline constexpr InsertStatement kInsertTransfers{
    {"insert_transfer",
     "INSERT INTO ledger.transfers (" JOULEBOOK_TRANSFER_COLUMNS
     ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "
     "$13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, "
     "$27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42)"},
    "COPY ledger.transfers (" JOULEBOOK_TRANSFER_COLUMNS ") FROM STDIN (FORMAT binary)"};
// A lone transfer in one statement, with the move of the book's head to it: $43 is the hash of the
// head that it follows. No row comes back when the book has moved on.
inline constexpr PreparedStatement kInsertLoneTransfer{
    "insert_lone_transfer",
    "WITH head AS (UPDATE ledger.book SET last_position = $2::bigint, "
    "last_recorded_us = $3::bigint, head_hash = $38::bytea "
    "WHERE last_position = $2::bigint - 1 AND head_hash = $43::bytea RETURNING 1) "
    "INSERT INTO ledger.transfers (" JOULEBOOK_TRANSFER_COLUMNS
    ") SELECT $1::uuid, $2::bigint, $3::bigint, $4::smallint, $5::smallint, "
    "$6::smallint, $7::uuid, $8::uuid, $9::text, $10::smallint, $11::bigint, $12::bigint, "
    "$13::bigint, $14::bigint, $15::bigint, $16::bigint, $17::bigint, $18::bigint, $19::bigint, "
    "$20::bigint, $21::bigint, $22::bigint, $23::bigint, $24::bigint, $25::uuid, $26::bigint, "
    "$27::text, $28::bytea, $29::bigint, $30::bigint, $31::smallint, $32::jsonb, $33::bigint, "
    "$34::bigint, $35::bigint, $36::bigint, $37::bytea, $38::bytea, $39::bytea, $40::uuid, "
    "$41::bytea, $42::uuid FROM head RETURNING 1"};
inline constexpr char kTransfersKey[] = "transfers_pkey";
inline constexpr char kTransfersSince[] =
    "SELECT " JOULEBOOK_TRANSFER_COLUMNS
    "FROM ledger.transfers WHERE position > $1 ORDER BY position LIMIT $2";
inline constexpr char kReversedAmounts[] = R"(
SELECT target_id, sum(moved)::bigint FROM ledger.transfers
WHERE target_id = ANY($1::uuid[]) AND result = 1 AND kind = 5 GROUP BY target_id)";

// Transfers that carry a quote themselves; charges of holds only name theirs.
inline constexpr char kQuoteUses[] = R"(
SELECT quote_id, count(*) FROM ledger.transfers
WHERE quote_id = ANY($1::uuid[]) AND result = 1 AND quote IS NOT NULL GROUP BY quote_id)";

// Once keys: who has each, with the content of the transfer that brought it. A charge has the key
// of its hold.
#define JOULEBOOK_ONCE_KEY_COLUMNS "k.key, k.transfer_id, k.is_done "
inline constexpr char kOnceUses[] =
    "SELECT " JOULEBOOK_ONCE_KEY_COLUMNS
    ", b.debit_id, b.credit_id, b.asset, b.amount, b.operation FROM ledger.once_keys k "
    "JOIN ledger.transfers t ON t.id = k.transfer_id "
    "JOIN ledger.transfers b ON b.id = CASE WHEN t.kind = 3 THEN t.target_id ELSE t.id END "
    "WHERE k.key = ANY($1::uuid[])";
inline constexpr char kOnceKeysPage[] =
    "SELECT " JOULEBOOK_ONCE_KEY_COLUMNS
    "FROM ledger.once_keys k WHERE " JOULEBOOK_ID_AFTER("key") "ORDER BY key LIMIT $2";
inline constexpr PreparedStatement kPutOnceKeys{"put_once_keys", R"(
INSERT INTO ledger.once_keys (key, transfer_id, is_done)
SELECT key, transfer_id, is_done <> 0
FROM unnest($1::uuid[], $2::uuid[], $3::smallint[]) AS n(key, transfer_id, is_done)
ON CONFLICT (key) DO UPDATE SET transfer_id = excluded.transfer_id, is_done = excluded.is_done)"};
inline constexpr PreparedStatement kFreeOnceKeys{
    "free_once_keys", "DELETE FROM ledger.once_keys WHERE key = ANY($1::uuid[])"};

// Listing. Each takes the positions (exclusive) that the page and the times leave; the optional
// filters are NULL when not given. The two arms over accounts are kept apart so that each walks
// its own index in order.
#define JOULEBOOK_PAGE_FILTER                                                \
  "result = 1 AND position > $1 AND position < $2 AND ($4::text IS NULL OR " \
  "reference = $4) AND ($5::smallint IS NULL OR operation = $5) "
#define JOULEBOOK_LIST_ALL(order)                                                           \
  "SELECT " JOULEBOOK_TRANSFER_COLUMNS "FROM ledger.transfers WHERE " JOULEBOOK_PAGE_FILTER \
  "ORDER BY position " order " LIMIT $3"
inline constexpr char kTransfersUp[] = JOULEBOOK_LIST_ALL("");
inline constexpr char kTransfersDown[] = JOULEBOOK_LIST_ALL("DESC");
#define JOULEBOOK_LIST_ARM(side, order)                                                    \
  "(SELECT t.* FROM unnest($6::uuid[]) AS a(id), LATERAL (SELECT * FROM ledger.transfers " \
  "WHERE " side " = a.id AND " JOULEBOOK_PAGE_FILTER "ORDER BY position " order " LIMIT $3) t)"
#define JOULEBOOK_LIST_OF_ACCOUNTS(order)                                          \
  "SELECT DISTINCT ON (position) " JOULEBOOK_TRANSFER_COLUMNS                      \
  "FROM (" JOULEBOOK_LIST_ARM("debit_id", order) " UNION ALL " JOULEBOOK_LIST_ARM( \
      "credit_id", order) ") both_sides ORDER BY position " order " LIMIT $3"
inline constexpr char kAccountTransfersUp[] = JOULEBOOK_LIST_OF_ACCOUNTS("");
inline constexpr char kAccountTransfersDown[] = JOULEBOOK_LIST_OF_ACCOUNTS("DESC");
inline constexpr char kAccountIdsOfOwner[] = "SELECT id FROM ledger.accounts WHERE owner_id = $1";
// Positions and times rise together: the last position recorded before an instant, or 0.
inline constexpr char kPositionBefore[] = R"(
SELECT coalesce((SELECT position FROM ledger.transfers
  WHERE recorded_us < $1 AND result = 1 ORDER BY recorded_us DESC LIMIT 1), 0))";

// The last committed transfer of an account up to a position, from either side.
#define JOULEBOOK_LAST_OF_SIDE(side)                                        \
  "(SELECT " JOULEBOOK_TRANSFER_COLUMNS "FROM ledger.transfers WHERE " side \
  " = $1 "                                                                  \
  "AND result = 1 AND position <= $2 ORDER BY position DESC LIMIT 1)"
inline constexpr char kLastTransferOf[] = JOULEBOOK_LAST_OF_SIDE(
    "debit_id") " UNION ALL " JOULEBOOK_LAST_OF_SIDE("credit_id") " ORDER BY position DESC LIMIT 1";
// The shift of back- and forward-dated transfers across the instant $2 with position $3: summed by
// kind, side and origin, as `moved` to add (recorded later, effective by then) or take off. A sum
// may leave 64 bits though what the kinds make together does not, so it stays numeric.
inline constexpr char kDatedShift[] = R"(
SELECT t.kind, t.debit_id = $1 AS is_debit, origin.role = 3 AS from_issuer,
  sum(CASE WHEN t.position > $3 THEN t.moved ELSE -t.moved END) AS moved
FROM (SELECT * FROM ledger.transfers WHERE debit_id = $1 AND result = 1 AND effective_us IS NOT NULL
      UNION ALL
      SELECT * FROM ledger.transfers WHERE credit_id = $1 AND result = 1
        AND effective_us IS NOT NULL) t
JOIN ledger.accounts origin ON origin.id = CASE WHEN t.kind = 5 THEN t.credit_id ELSE t.debit_id END
WHERE (t.effective_us <= $2) <> (t.position <= $3)
GROUP BY 1, 2, 3)";

// The log.
// Nothing comes back while another holder has the lease.
inline constexpr char kTakeLease[] = R"(
UPDATE ledger.log_lease
SET holder = $1::uuid, until_us = $3,
  fence = fence + CASE WHEN holder IS DISTINCT FROM $1::uuid THEN 1 ELSE 0 END
WHERE holder = $1::uuid OR until_us < $2
RETURNING fence)";
#define JOULEBOOK_LEAVES_OF(table)                 \
  "(SELECT position, leaf_hash FROM ledger." table \
  " WHERE position > $1 ORDER BY position "        \
  "LIMIT $2)"
inline constexpr char kLeaves[] = JOULEBOOK_LEAVES_OF(
    "transfers") " UNION ALL " JOULEBOOK_LEAVES_OF("records") " ORDER BY position LIMIT $2";
inline constexpr char kLeafAt[] =
    "SELECT leaf_hash FROM ledger.transfers WHERE position = $1 UNION ALL "
    "SELECT leaf_hash FROM ledger.records WHERE position = $1";
#define JOULEBOOK_OLDEST_OF(table)                                                      \
  "(SELECT position, recorded_us FROM ledger." table                                    \
  " WHERE position > (SELECT coalesce(max(tree_size), 0) FROM ledger.log_checkpoints) " \
  "ORDER BY position LIMIT 1)"
inline constexpr char kOldestUnsealed[] =
    "SELECT recorded_us FROM (" JOULEBOOK_OLDEST_OF("transfers") " UNION ALL " JOULEBOOK_OLDEST_OF(
        "records") ") unsealed ORDER BY position LIMIT 1";
inline constexpr char kTile[] =
    "SELECT hashes FROM ledger.log_tiles WHERE level = $1 AND index = $2";
inline constexpr char kPutTile[] = R"(
INSERT INTO ledger.log_tiles (level, index, hashes) VALUES ($1, $2, $3)
ON CONFLICT (level, index) DO UPDATE SET hashes = excluded.hashes)";
inline constexpr char kTileLevels[] =
    "SELECT level, count(*), sum(length(hashes)) / 32 FROM ledger.log_tiles GROUP BY level "
    "ORDER BY level";
#define JOULEBOOK_CHECKPOINT_COLUMNS "tree_size, root, sealed_us, note, chain_hash "
inline constexpr char kCheckpoint[] =
    "SELECT " JOULEBOOK_CHECKPOINT_COLUMNS "FROM ledger.log_checkpoints WHERE tree_size = $1";
inline constexpr char kNewestCheckpoint[] =
    "SELECT " JOULEBOOK_CHECKPOINT_COLUMNS
    "FROM ledger.log_checkpoints ORDER BY tree_size DESC LIMIT 1";
inline constexpr char kCheckpointsPage[] =
    "SELECT " JOULEBOOK_CHECKPOINT_COLUMNS
    "FROM ledger.log_checkpoints WHERE tree_size > $1 ORDER BY tree_size LIMIT $2";
inline constexpr char kInsertCheckpoint[] =
    "INSERT INTO ledger.log_checkpoints (" JOULEBOOK_CHECKPOINT_COLUMNS
    ") VALUES ($1, $2, $3, $4, $5)";

// The whole book, page by page.
inline constexpr char kLastPosition[] = "SELECT last_position FROM ledger.book";
inline constexpr char kLastRecorded[] = "SELECT last_recorded_us FROM ledger.book";
inline constexpr char kHoldsPage[] =
    "SELECT " JOULEBOOK_HOLD_COLUMNS
    "FROM ledger.holds WHERE " JOULEBOOK_ID_AFTER("id") "ORDER BY id LIMIT $2";

}  // namespace joulebook::ledger::sql
