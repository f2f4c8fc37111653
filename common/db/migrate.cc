#include "common/db/migrate.h"

#include <pqxx/except>
#include <pqxx/nontransaction>
#include <pqxx/result>
#include <pqxx/transaction>

#include "absl/strings/str_cat.h"
#include "common/crypto/sha256.h"
#include "common/db/sqlstate.h"

namespace joulebook {
namespace {

constexpr char kLock[] = "SELECT pg_advisory_lock(hashtextextended('joulebook.migrate.' || $1, 0))";
constexpr char kSetLockTimeout[] = "SELECT set_config('lock_timeout', $1, false)";
constexpr char kHasTable[] = "SELECT to_regclass($1) IS NOT NULL";

// Schema names are our own constants; they cannot be parameters of these statements.
std::string CreateTable(const std::string& schema) {
  return absl::StrCat("CREATE SCHEMA IF NOT EXISTS ", schema, "; CREATE TABLE IF NOT EXISTS ",
                      schema,
                      ".schema_migrations (name text PRIMARY KEY, sha256 text NOT NULL, "
                      "applied_at timestamptz NOT NULL DEFAULT now())");
}

std::string SelectApplied(const std::string& schema) {
  return absl::StrCat("SELECT name, sha256 FROM ", schema, ".schema_migrations ORDER BY name");
}

std::string Checksum(const Migration& migration) { return ToHex(Sha256(migration.sql)); }

// How many of `migrations` are applied, all of them being a prefix of it.
absl::StatusOr<std::size_t> CountApplied(const pqxx::result& applied,
                                         std::span<const Migration> migrations) {
  std::size_t count = 0;
  for (const auto& row : applied) {
    const auto name = row[0].as<std::string>();
    if (count >= migrations.size() || migrations[count].name != name) {
      return absl::FailedPreconditionError(
          absl::StrCat("the database has migration ", name, ", which this program does not"));
    }
    if (Checksum(migrations[count]) != row[1].as<std::string>()) {
      return absl::FailedPreconditionError(
          absl::StrCat("migration ", name, " was applied with another content"));
    }
    ++count;
  }
  return count;
}

void SetLockTimeout(pqxx::transaction_base& session, Duration timeout) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  session.exec_params(kSetLockTimeout, std::to_string(ms));
}

absl::StatusOr<int> ApplyMissing(pqxx::connection& connection, const std::string& schema,
                                 std::span<const Migration> migrations,
                                 const MigrateLimits& limits) {
  pqxx::result applied;
  {
    pqxx::nontransaction session(connection);
    SetLockTimeout(session, limits.other_migration);
    session.exec_params(kLock, schema);
    SetLockTimeout(session, limits.table_lock);
    session.exec(CreateTable(schema));
    applied = session.exec(SelectApplied(schema));
  }
  JB_ASSIGN_OR_RETURN(const std::size_t first, CountApplied(applied, migrations));
  for (const Migration& migration : migrations.subspan(first)) {
    pqxx::work transaction(connection);
    transaction.exec(std::string(migration.sql));
    transaction.exec_params(
        absl::StrCat("INSERT INTO ", schema, ".schema_migrations (name, sha256) VALUES ($1, $2)"),
        std::string(migration.name), Checksum(migration));
    transaction.commit();
  }
  return static_cast<int>(migrations.size() - first);
}

}  // namespace

absl::StatusOr<int> Migrate(const std::string& connection, const std::string& schema,
                            std::span<const Migration> migrations, const MigrateLimits& limits) {
  try {
    pqxx::connection session(connection);  // The advisory lock ends with it.
    return ApplyMissing(session, schema, migrations, limits);
  } catch (const pqxx::sql_error& error) {
    if (error.sqlstate() != kLockNotAvailable) return absl::InternalError(error.what());
    return absl::UnavailableError(absl::StrCat(
        "schema ", schema,
        ": somebody held a lock for too long and the migration that waited for "
        "it was undone; end long transactions (see pg_stat_activity), then run `migrate` again"));
  } catch (const pqxx::broken_connection&) {
    return absl::UnavailableError("the database cannot be reached");
  } catch (const std::exception& error) {
    return absl::InternalError(error.what());
  }
}

absl::Status CheckMigrated(Pool& pool, const std::string& schema,
                           std::span<const Migration> migrations) {
  JB_ASSIGN_OR_RETURN(Pool::Lease lease, pool.Acquire(std::chrono::seconds(5)));
  try {
    pqxx::nontransaction session(lease.connection());
    std::size_t count = 0;
    if (session.exec_params(kHasTable, schema + ".schema_migrations")[0][0].as<bool>()) {
      JB_ASSIGN_OR_RETURN(count, CountApplied(session.exec(SelectApplied(schema)), migrations));
    }
    if (count == migrations.size()) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(
        "the schema is at ", count, " of ", migrations.size(), " migrations: run `migrate`"));
  } catch (const std::exception& error) {
    lease.Discard();
    return absl::UnavailableError(error.what());
  }
}

}  // namespace joulebook
