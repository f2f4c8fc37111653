#include "common/db/direct_connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "common/db/sqlstate.h"

namespace joulebook {
namespace {

constexpr int kText = 0;
constexpr int kBinary = 1;

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

int64_t Milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

std::string_view FieldOf(const PGresult* result, int field) {
  const char* text = PQresultErrorField(result, field);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

void TakeRows(const PGresult* result, DirectConnection::Rows& rows) {
  rows.assign(static_cast<std::size_t>(PQntuples(result)), {});
  for (int row = 0; row < PQntuples(result); ++row) {
    for (int field = 0; field < PQnfields(result); ++field) {
      rows[static_cast<std::size_t>(row)].emplace_back(PQgetvalue(result, row, field));
    }
  }
}

}  // namespace

void StatementBatch::Add(const PreparedStatement& statement) {
  executions_.push_back({statement, {}, {}});
}

void StatementBatch::Add(const PreparedStatement& statement, const BinaryRows& rows) {
  rows.ForEachRow([&](std::span<const char* const> values, std::span<const int> lengths) {
    Execution execution{statement, {}, {}};
    for (std::size_t i = 0; i < values.size(); ++i) {
      execution.is_null.push_back(values[i] == nullptr);
      execution.values.emplace_back(values[i] == nullptr ? "" : values[i],
                                    static_cast<std::size_t>(lengths[i]));
    }
    executions_.push_back(std::move(execution));
  });
}

void StatementBatch::Add(const PreparedStatement& statement, std::vector<std::string> values) {
  std::vector<bool> is_null(values.size(), false);
  executions_.push_back({statement, std::move(values), std::move(is_null)});
}

void StatementBatch::Append(StatementBatch other) {
  std::move(other.executions_.begin(), other.executions_.end(), std::back_inserter(executions_));
}

absl::StatusOr<std::unique_ptr<DirectConnection>> DirectConnection::Open(const Options& options,
                                                                         Clock& clock) {
  // Lookups of a few rows by index, whatever the tables' statistics say; plans are made once.
  const std::string text =
      LimitedConnection(options.connection, options.limits,
                        "-c plan_cache_mode=force_generic_plan -c enable_hashjoin=off"
                        " -c enable_mergejoin=off -c enable_seqscan=off -c jit=off");
  std::unique_ptr<DirectConnection> opened(
      new DirectConnection(PQconnectdb(text.c_str()), options, clock));
  if (PQstatus(opened->connection_) != CONNECTION_OK ||
      PQsetnonblocking(opened->connection_, 1) != 0) {
    return absl::UnavailableError("the database cannot be reached");
  }
  return opened;
}

DirectConnection::~DirectConnection() { PQfinish(connection_); }

absl::Status DirectConnection::Lost(const char* how) {
  is_usable_ = false;
  return absl::UnavailableError(how);
}

absl::Status DirectConnection::WaitForSocket(bool for_write, Duration deadline) {
  pollfd socket{PQsocket(connection_), static_cast<int16_t>(for_write ? POLLIN | POLLOUT : POLLIN),
                0};
  const int64_t left = Milliseconds(deadline - clock_.MonotonicNow());
  const int ready =
      left <= 0 ? 0 : poll(&socket, 1, static_cast<int>(std::min<int64_t>(left + 1, INT32_MAX)));
  if (ready == 0) {
    return Lost("the database did not answer in time");
  }
  if ((socket.revents & (POLLIN | POLLHUP | POLLERR)) != 0 && PQconsumeInput(connection_) == 0) {
    return Lost();
  }
  return absl::OkStatus();
}

absl::Status DirectConnection::Flush(Duration deadline) {
  for (;;) {
    const int flushed = PQflush(connection_);
    if (flushed == 0) return absl::OkStatus();
    if (flushed < 0) {
      return Lost();
    }
    JB_RETURN_IF_ERROR(WaitForSocket(true, deadline));
  }
}

absl::StatusOr<pg_result*> DirectConnection::NextResult(Duration deadline) {
  const Duration spin_end = clock_.MonotonicNow() + spin_;
  while (PQisBusy(connection_) == 1 && clock_.MonotonicNow() < spin_end) {
    if (PQconsumeInput(connection_) == 0) return Lost();
  }
  while (PQisBusy(connection_) == 1) {
    JB_RETURN_IF_ERROR(WaitForSocket(false, deadline));
  }
  return PQgetResult(connection_);
}

absl::Status DirectConnection::FailureOf(const pg_result* result) {
  const std::string_view sqlstate = FieldOf(result, PG_DIAG_SQLSTATE);
  if (sqlstate.empty() || PQstatus(connection_) != CONNECTION_OK) {
    return Lost();
  }
  violated_constraint_ = FieldOf(result, PG_DIAG_CONSTRAINT_NAME);
  const absl::StatusCode code = CodeOfSqlState(sqlstate);
  if (code == absl::StatusCode::kUnavailable) is_usable_ = false;
  return absl::Status(code, absl::StrCat("SQLSTATE ", ToAbsl(sqlstate), ": ",
                                         ToAbsl(FieldOf(result, PG_DIAG_MESSAGE_PRIMARY))));
}

absl::Status DirectConnection::Prepare(const PreparedStatement& statement, Duration deadline) {
  if (prepared_.contains(statement.name)) return absl::OkStatus();
  if (PQsendPrepare(connection_, statement.name, statement.sql, 0, nullptr) != 1) return Lost();
  JB_RETURN_IF_ERROR(Flush(deadline));
  absl::Status status;
  for (;;) {
    JB_ASSIGN_OR_RETURN(pg_result * raw, NextResult(deadline));
    const Result result(raw);
    if (result == nullptr) break;
    if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR) status = FailureOf(result.get());
  }
  if (status.ok()) prepared_.insert(statement.name);
  return status;
}

absl::Status DirectConnection::Send(const StatementBatch::Execution& execution) {
  const std::size_t count = execution.values.size();
  std::vector<const char*> values(count);
  std::vector<int> lengths(count);
  const std::vector<int> formats(count, kBinary);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = execution.is_null[i] ? nullptr : execution.values[i].data();
    lengths[i] = static_cast<int>(execution.values[i].size());
  }
  const int sent =
      PQsendQueryPrepared(connection_, execution.statement.name, static_cast<int>(count),
                          values.data(), lengths.data(), formats.data(), kText);
  return sent == 1 ? absl::OkStatus() : Lost();
}

absl::Status DirectConnection::RunSpinning(const StatementBatch& batch, Duration deadline,
                                           Rows* rows) {
  spin_ = options_.spin;
  absl::Status status = Run(batch, deadline, rows);
  spin_ = Duration(0);
  return status;
}

absl::Status DirectConnection::Run(const StatementBatch& batch, Duration deadline, Rows* rows) {
  violated_constraint_.clear();
  for (const auto& execution : batch.executions_) {
    JB_RETURN_IF_ERROR(Prepare(execution.statement, deadline));
  }
  if (PQenterPipelineMode(connection_) != 1) return Lost();
  for (const auto& execution : batch.executions_) JB_RETURN_IF_ERROR(Send(execution));
  if (PQpipelineSync(connection_) != 1) return Lost();
  JB_RETURN_IF_ERROR(Flush(deadline));
  absl::Status status = Collect(deadline, rows);
  if (is_usable_ && PQexitPipelineMode(connection_) != 1) return Lost();
  return status;
}

// Takes results up to the end of the pipeline; the first failure is the status.
absl::Status DirectConnection::Collect(Duration deadline, Rows* rows) {
  absl::Status status;
  for (;;) {
    JB_ASSIGN_OR_RETURN(pg_result * raw, NextResult(deadline));
    const Result result(raw);
    if (result == nullptr) {
      if (PQstatus(connection_) != CONNECTION_OK) return Lost();
      continue;  // between two statements
    }
    switch (PQresultStatus(result.get())) {
      case PGRES_PIPELINE_SYNC:
        return status;
      case PGRES_TUPLES_OK:
        if (rows != nullptr) TakeRows(result.get(), *rows);
        break;
      case PGRES_FATAL_ERROR:
        if (status.ok()) status = FailureOf(result.get());
        if (!is_usable_) return status;
        break;
      default:
        break;
    }
  }
}

// Hands data to libpq and sends as much as goes without waiting.
absl::Status DirectConnection::PutCopyData(std::string_view data) {
  const bool put = PQputCopyData(connection_, data.data(), static_cast<int>(data.size())) == 1;
  return put && PQflush(connection_) >= 0 ? absl::OkStatus() : Lost();
}

absl::Status DirectConnection::SendRows(BinaryRows& rows,
                                        const std::function<bool(BinaryRows&)>& add_rows,
                                        Duration deadline) {
  JB_RETURN_IF_ERROR(PutCopyData(kCopyHeader));
  for (bool has_more = true; has_more;) {
    rows.Clear();
    has_more = add_rows(rows);
    JB_RETURN_IF_ERROR(PutCopyData(rows.bytes()));
  }
  JB_RETURN_IF_ERROR(PutCopyData(kCopyTrailer));
  if (PQputCopyEnd(connection_, nullptr) != 1) return Lost();
  return Flush(deadline);
}

absl::Status DirectConnection::Copy(const char* statement, BinaryRows rows,
                                    const std::function<bool(BinaryRows&)>& add_rows,
                                    Duration deadline) {
  violated_constraint_.clear();
  if (PQsendQuery(connection_, statement) != 1) return Lost();
  JB_RETURN_IF_ERROR(Flush(deadline));
  absl::Status status;
  for (;;) {
    JB_ASSIGN_OR_RETURN(pg_result * raw, NextResult(deadline));
    const Result result(raw);
    if (result == nullptr) return status;
    const ExecStatusType outcome = PQresultStatus(result.get());
    if (outcome == PGRES_COPY_IN) {
      JB_RETURN_IF_ERROR(SendRows(rows, add_rows, deadline));
    } else if (outcome == PGRES_FATAL_ERROR && status.ok()) {
      status = FailureOf(result.get());
      if (!is_usable_) return status;
    }
  }
}

}  // namespace joulebook
