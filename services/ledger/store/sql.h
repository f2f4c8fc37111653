// Every statement of the ledger, by name. Parameters only; sets of rows go as arrays.
#pragma once

namespace joulebook::ledger::sql {

// With these settings the planner looks rows up by index instead of hashing a scan of the whole
// table against the arrays; they end with the transaction. The row lock makes this the only writer.
inline constexpr char kLockBook[] = R"(
SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off;
SET LOCAL jit = off;
SELECT last_position, last_recorded_us, member_count FROM ledger.book FOR UPDATE)";

inline constexpr char kUpdateBook[] = R"(
UPDATE ledger.book SET last_position = $1, last_recorded_us = $2, member_count = $3)";

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
inline constexpr char kInsertMembers[] = R"(
INSERT INTO ledger.members SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::text[], $4::uuid[],
  $5::bigint[], $6::bigint[], $7::int[], $8::int[], $9::int[], $10::int[], $11::int[], $12::int[],
  $13::bigint[], $14::bigint[]))";
inline constexpr char kUpdateReputation[] = R"(
UPDATE ledger.members SET overall_ppm = $2, quality_ppm = $3, contribution_ppm = $4,
  behavior_ppm = $5, social_ppm = $6, violations = $7, severity_sum_ppm = $8, changes = $9
WHERE id = $1)";

#define JOULEBOOK_REPUTATION_COLUMNS                                                           \
  "id, member_id, sequence, recorded_us, cause, quality_ppm, contribution_ppm, behavior_ppm, " \
  "social_ppm, violation_severity_ppm, note, after_overall_ppm, after_quality_ppm, "           \
  "after_contribution_ppm, after_behavior_ppm, after_social_ppm, after_violations, "           \
  "after_severity_sum_ppm "
inline constexpr char kReputationChanges[] =
    "SELECT " JOULEBOOK_REPUTATION_COLUMNS
    "FROM ledger.reputation_changes WHERE id = ANY($1::uuid[])";
inline constexpr char kReputationUp[] = "SELECT " JOULEBOOK_REPUTATION_COLUMNS
                                        "FROM ledger.reputation_changes WHERE member_id = $3 AND "
                                        "sequence > $1 ORDER BY sequence LIMIT $2";
inline constexpr char kReputationDown[] =
    "SELECT " JOULEBOOK_REPUTATION_COLUMNS
    "FROM ledger.reputation_changes WHERE member_id = $3 AND sequence < $1 "
    "ORDER BY sequence DESC LIMIT $2";
inline constexpr char kInsertReputationChange[] =
    "INSERT INTO ledger.reputation_changes (" JOULEBOOK_REPUTATION_COLUMNS
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, "
    "$14, $15, $16, $17, $18)";

#define JOULEBOOK_ACCOUNT_COLUMNS                                                              \
  "id, owner_id, asset, role, lower_limit, upper_limit, state, requires_signature, metadata, " \
  "opened_us, posted, reserved, pending, granted, earned, spent, version "
inline constexpr char kAccounts[] =
    "SELECT " JOULEBOOK_ACCOUNT_COLUMNS "FROM ledger.accounts WHERE id = ANY($1::uuid[])";
inline constexpr char kAccountsPage[] =
    "SELECT " JOULEBOOK_ACCOUNT_COLUMNS "FROM ledger.accounts WHERE id > $1 ORDER BY id LIMIT $2";
inline constexpr char kAccountsOfOwner[] =
    "SELECT " JOULEBOOK_ACCOUNT_COLUMNS
    "FROM ledger.accounts WHERE owner_id = $3 AND id > $1 ORDER BY id LIMIT $2";
inline constexpr char kInsertAccounts[] =
    "INSERT INTO ledger.accounts (" JOULEBOOK_ACCOUNT_COLUMNS
    ") SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::smallint[], $5::bigint[], "
    "$6::bigint[], $7::smallint[], $8::bool[], $9::jsonb[], $10::bigint[], $11::bigint[], "
    "$12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[])";
inline constexpr char kUpdateBalances[] = R"(
UPDATE ledger.accounts a SET posted = n.posted, reserved = n.reserved, pending = n.pending,
  granted = n.granted, earned = n.earned, spent = n.spent, version = n.version
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
  $7::bigint[], $8::bigint[]) AS n(id, posted, reserved, pending, granted, earned, spent, version)
WHERE a.id = n.id)";
inline constexpr char kUpdateState[] = "UPDATE ledger.accounts SET state = $2 WHERE id = $1";

#define JOULEBOOK_HOLD_COLUMNS \
  "id, debit_id, credit_id, asset, operation, amount, remaining, state, expires_us "
inline constexpr char kHolds[] =
    "SELECT " JOULEBOOK_HOLD_COLUMNS "FROM ledger.holds WHERE id = ANY($1::uuid[])";
inline constexpr char kExpiredHolds[] =
    "SELECT " JOULEBOOK_HOLD_COLUMNS
    "FROM ledger.holds WHERE state = 1 AND expires_us <= $1 ORDER BY expires_us, id LIMIT $2";
inline constexpr char kUpsertHolds[] =
    "INSERT INTO ledger.holds (" JOULEBOOK_HOLD_COLUMNS
    ") SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::smallint[], "
    "$6::bigint[], $7::bigint[], $8::smallint[], $9::bigint[]) ON CONFLICT (id) DO UPDATE "
    "SET remaining = excluded.remaining, state = excluded.state";

#define JOULEBOOK_TRANSFER_COLUMNS                                                           \
  "id, position, recorded_us, result, kind, flags, debit_id, credit_id, asset, operation, "  \
  "amount, moved, debit_posted, debit_reserved, debit_pending, debit_granted, debit_spent, " \
  "debit_version, credit_posted, credit_reserved, credit_pending, credit_granted, "          \
  "credit_spent, credit_version, target_id, hold_ttl_ms, reference, block_id, "              \
  "data_size_bytes, duration_s, redundancy, metadata, effective_us, "                        \
  "if_debit_available_at_least, if_debit_version, if_credit_version, signature "
inline constexpr char kTransfers[] =
    "SELECT " JOULEBOOK_TRANSFER_COLUMNS "FROM ledger.transfers WHERE id = ANY($1::uuid[])";
inline constexpr char kInsertTransfers[] =
    "INSERT INTO ledger.transfers (" JOULEBOOK_TRANSFER_COLUMNS
    ") SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], "
    "$4::smallint[], $5::smallint[], $6::smallint[], $7::uuid[], $8::uuid[], $9::text[], "
    "$10::smallint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], "
    "$16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[], "
    "$22::bigint[], $23::bigint[], $24::bigint[], $25::uuid[], $26::bigint[], $27::text[], "
    "$28::bytea[], $29::bigint[], $30::bigint[], $31::smallint[], $32::jsonb[], $33::bigint[], "
    "$34::bigint[], $35::bigint[], $36::bigint[], $37::bytea[])";
inline constexpr char kReversedAmounts[] = R"(
SELECT target_id, sum(moved)::bigint FROM ledger.transfers
WHERE target_id = ANY($1::uuid[]) AND result = 1 AND kind = 5 GROUP BY target_id)";

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
// What back- and forward-dated transfers shift across the instant $2 with position $3: summed by
// kind, side and origin, as `moved` to add (recorded later, effective by then) or take off.
inline constexpr char kDatedShift[] = R"(
SELECT t.kind, t.debit_id = $1 AS is_debit, origin.role = 3 AS from_issuer,
  sum(CASE WHEN t.position > $3 THEN t.moved ELSE -t.moved END)::bigint AS moved
FROM (SELECT * FROM ledger.transfers WHERE debit_id = $1 AND result = 1 AND effective_us IS NOT NULL
      UNION ALL
      SELECT * FROM ledger.transfers WHERE credit_id = $1 AND result = 1
        AND effective_us IS NOT NULL) t
JOIN ledger.accounts origin ON origin.id = CASE WHEN t.kind = 5 THEN t.credit_id ELSE t.debit_id END
WHERE (t.effective_us <= $2) <> (t.position <= $3)
GROUP BY 1, 2, 3)";

}  // namespace joulebook::ledger::sql
