#include "common/db/transaction.h"

#include <memory>
#include <optional>
#include <pqxx/except>
#include <pqxx/transaction>

#include "absl/strings/str_cat.h"
#include "common/db/sqlstate.h"

namespace joulebook {
namespace {

constexpr Duration kFirstBackoff = std::chrono::milliseconds(2);

using ReadOnlySnapshot = pqxx::transaction<pqxx::repeatable_read, pqxx::read_only>;

std::unique_ptr<pqxx::transaction_base> Begin(pqxx::connection& connection, Isolation isolation) {
  if (isolation == Isolation::kRepeatableReadReadOnly) {
    return std::make_unique<ReadOnlySnapshot>(connection);
  }
  return std::make_unique<pqxx::work>(connection);
}

absl::Status SqlFailure(const pqxx::sql_error& error) {
  return absl::Status(CodeOfSqlState(error.sqlstate()),
                      absl::StrCat("SQLSTATE ", error.sqlstate(), ": ", error.what()));
}

absl::Status Attempt(pqxx::connection& connection, Isolation isolation,
                     const std::function<absl::Status(pqxx::transaction_base&)>& body) {
  try {
    const auto transaction = Begin(connection, isolation);
    JB_RETURN_IF_ERROR(body(*transaction));
    transaction->commit();
    return absl::OkStatus();
  } catch (const pqxx::in_doubt_error&) {
    return absl::UnavailableError("the fate of the commit is unknown");
  } catch (const pqxx::broken_connection&) {
    return absl::UnavailableError("the connection to the database broke");
  } catch (const pqxx::transaction_rollback& error) {  // 40001 and 40P01 carry no sqlstate
    return absl::AbortedError(error.what());
  } catch (const pqxx::sql_error& error) {
    return SqlFailure(error);
  } catch (const std::exception& error) {
    return absl::InternalError(error.what());
  }
}

// A connection is worth keeping only after outcomes that say nothing against it.
bool MayBeBroken(absl::StatusCode code) {
  return code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kInternal;
}

}  // namespace

absl::Status RunTransaction(const Database& database, const TransactionOptions& options,
                            const std::function<absl::Status(pqxx::transaction_base&)>& body) {
  const Duration end = database.clock.MonotonicNow() + options.timeout;
  Duration backoff = kFirstBackoff;
  for (int attempt = 1;; ++attempt) {
    const Duration left = end - database.clock.MonotonicNow();
    JB_ASSIGN_OR_RETURN(Pool::Lease lease, database.pool.Acquire(left));
    absl::Status status = Attempt(lease.connection(), options.isolation, body);
    if (MayBeBroken(status.code())) lease.Discard();
    if (status.code() != absl::StatusCode::kAborted || attempt == options.attempts) return status;

    const Duration jitter(
        static_cast<int64_t>(database.random.Next() % static_cast<uint64_t>(backoff.count())));
    if (database.clock.MonotonicNow() + backoff + jitter >= end) return status;
    database.sleeper.SleepFor(backoff + jitter);
    backoff *= 2;
  }
}

}  // namespace joulebook
