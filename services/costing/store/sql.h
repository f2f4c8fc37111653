// Every statement of costing, by name. Parameters only.
#pragma once

namespace joulebook::costing::sql {

// The inserted columns; the database marks the row.
#define JOULEBOOK_TARIFF_COLUMNS \
  "number, hash, name, version, effective_us, published_us, document, tzdata_version "
inline constexpr char kTariffsAfter[] =
    "SELECT " JOULEBOOK_TARIFF_COLUMNS
    ", mark FROM costing.tariffs WHERE number > $1 ORDER BY number LIMIT $2";
inline constexpr char kTariffsOfName[] =
    "SELECT " JOULEBOOK_TARIFF_COLUMNS
    ", mark FROM costing.tariffs WHERE name = $1 ORDER BY version";
// The holder of this lock is the only one that publishes; reading goes on.
inline constexpr char kLockTariffs[] =
    "SELECT pg_advisory_xact_lock('costing.tariffs'::regclass::oid::bigint)";
inline constexpr char kInsertTariff[] =
    "INSERT INTO costing.tariffs (" JOULEBOOK_TARIFF_COLUMNS
    ") SELECT coalesce(max(number), 0) + 1, $1, $2, $3, $4, $5, $6, $7 FROM costing.tariffs "
    "RETURNING number";

#define JOULEBOOK_ENTITLEMENT_COLUMNS \
  "number, id, is_revoked, member_id, kind, name, start_us, end_us, recorded_us "
inline constexpr char kEntitlementsAfter[] =
    "SELECT " JOULEBOOK_ENTITLEMENT_COLUMNS
    ", mark FROM costing.entitlements WHERE number > $1 AND ($3::uuid IS NULL OR member_id = $3) "
    "ORDER BY number LIMIT $2";
inline constexpr char kEntitlementsOfId[] =
    "SELECT " JOULEBOOK_ENTITLEMENT_COLUMNS
    ", mark FROM costing.entitlements WHERE id = $1 ORDER BY number";
inline constexpr char kLockEntitlements[] =
    "SELECT pg_advisory_xact_lock('costing.entitlements'::regclass::oid::bigint)";
inline constexpr char kInsertEntitlement[] =
    "INSERT INTO costing.entitlements (" JOULEBOOK_ENTITLEMENT_COLUMNS
    ") SELECT coalesce(max(number), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8 "
    "FROM costing.entitlements RETURNING number";

#define JOULEBOOK_REPORT_COLUMNS "number, tariff_name, class_name, period, demand, next_factor_ppm "
inline constexpr char kReportsAfter[] =
    "SELECT " JOULEBOOK_REPORT_COLUMNS
    ", mark FROM costing.congestion WHERE number > $1 ORDER BY number LIMIT $2";
inline constexpr char kReportsOfClass[] =
    "SELECT " JOULEBOOK_REPORT_COLUMNS
    ", mark FROM costing.congestion WHERE tariff_name = $1 AND class_name = $2 AND period > $3 "
    "ORDER BY period LIMIT $4";
inline constexpr char kLastReport[] =
    "SELECT " JOULEBOOK_REPORT_COLUMNS
    ", mark FROM costing.congestion WHERE tariff_name = $1 AND class_name = $2 AND period <= $3 "
    "ORDER BY period DESC LIMIT 1";
inline constexpr char kLockReports[] =
    "SELECT pg_advisory_xact_lock('costing.congestion'::regclass::oid::bigint)";
inline constexpr char kInsertReport[] =
    "INSERT INTO costing.congestion (" JOULEBOOK_REPORT_COLUMNS
    ") SELECT coalesce(max(number), 0) + 1, $1, $2, $3, $4, $5 FROM costing.congestion";

inline constexpr char kInsertProof[] =
    "INSERT INTO costing.shown_proofs (hash, expires_us) VALUES ($1, $2) ON CONFLICT DO NOTHING";
inline constexpr char kDeleteProofs[] = "DELETE FROM costing.shown_proofs WHERE expires_us < $1";

#define JOULEBOOK_EARNING_COLUMNS                                                           \
  "id, provider_id, source, units, first_factor_ppm, second_factor_ppm, start_us, end_us, " \
  "amount, "                                                                                \
  "tariff_hash, state, resource_id "
// The holder of this lock is the only one that records earnings; reading goes on.
inline constexpr char kLockEarnings[] =
    "SELECT pg_advisory_xact_lock('costing.earnings'::regclass::oid::bigint)";
// Nothing where its tariff is not published.
inline constexpr char kInsertEarning[] =
    "INSERT INTO costing.earnings (" JOULEBOOK_EARNING_COLUMNS
    ", number) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "
    "coalesce(max(number), 0) + 1 FROM costing.earnings "
    "HAVING EXISTS (SELECT FROM costing.tariffs WHERE hash = $10) RETURNING number";
inline constexpr char kEarning[] =
    "SELECT " JOULEBOOK_EARNING_COLUMNS ", number FROM costing.earnings WHERE id = $1";
// One that is not rejected, of the same provider and source, in [$4, $5), and of the same resource:
// the nil one is all of them.
inline constexpr char kOverlappingEarning[] =
    "SELECT " JOULEBOOK_EARNING_COLUMNS
    ", number FROM costing.earnings WHERE provider_id = $1 AND source = $2 "
    "AND (resource_id = $3 OR $3 = '00000000-0000-0000-0000-000000000000' "
    "OR resource_id = '00000000-0000-0000-0000-000000000000') "
    "AND state <> 4 AND end_us > $4 AND start_us < $5 ORDER BY number LIMIT 1";
inline constexpr char kLockEarning[] =
    "SELECT " JOULEBOOK_EARNING_COLUMNS ", number FROM costing.earnings WHERE id = $1 FOR UPDATE";
inline constexpr char kSetEarningState[] = "UPDATE costing.earnings SET state = $2 WHERE id = $1";
inline constexpr char kEarnings[] =
    "SELECT " JOULEBOOK_EARNING_COLUMNS
    ", number FROM costing.earnings WHERE number > $1 AND ($3::uuid IS NULL OR provider_id = $3) "
    "AND ($4::smallint IS NULL OR state = $4) ORDER BY number LIMIT $2";
// At most one row for each source and state. A sum may be above 63 bits.
inline constexpr char kEarningSumsOfPeriod[] =
    "SELECT source, state, sum(amount) FROM costing.earnings "
    "WHERE provider_id = $1 AND end_us >= $2 AND end_us < $3 GROUP BY source, state";

}  // namespace joulebook::costing::sql
