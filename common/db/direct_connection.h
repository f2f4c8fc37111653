// A connection spoken to through libpq itself, for the one hot write path of a service: prepared
// statements that travel together in one round trip, and binary COPY. libpqxx 6 has neither.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/db/binary_rows.h"
#include "common/db/connection_limits.h"
#include "common/status/status.h"
#include "common/time/clock.h"

struct pg_conn;
struct pg_result;

namespace joulebook {

// A named constant; prepared at first use on each connection.
struct PreparedStatement {
  const char* name;
  const char* sql;
};

// How a table takes new rows: one by one in a pipeline when they are few, by COPY when they are
// many.
struct InsertStatement {
  PreparedStatement insert;
  const char* copy;
};

// Statements to be run in order. Values are copied.
class StatementBatch {
 public:
  void Add(const PreparedStatement& statement);
  // Once for each row.
  void Add(const PreparedStatement& statement, const BinaryRows& rows);
  // Once, with these binary values (for example arrays) as its parameters.
  void Add(const PreparedStatement& statement, std::vector<std::string> values);

  // Adds all statements of `other`, in order.
  void Append(StatementBatch other);

 private:
  friend class DirectConnection;
  struct Execution {
    PreparedStatement statement;
    std::vector<std::string> values;
    std::vector<bool> is_null;
  };
  std::vector<Execution> executions_;
};

// One thread at a time. Every call has a deadline of the monotonic clock, kept also when the server
// hangs without closing the connection. After UNAVAILABLE or DEADLINE_EXCEEDED the connection is of
// no more use, and what it was doing may or may not have happened.
class DirectConnection {
 public:
  struct Options {
    std::string connection;
    ConnectionLimits limits;
    // How long RunSpinning looks for the answer before it sleeps: waking a sleeping thread can take
    // longer than a small commit.
    Duration spin{};
  };

  // UNAVAILABLE when the database cannot be reached.
  static absl::StatusOr<std::unique_ptr<DirectConnection>> Open(const Options& options,
                                                                Clock& clock);
  ~DirectConnection();

  // Sends all statements at once and waits for all answers. Outside of a transaction block they are
  // one transaction of their own: committed when OK comes back. Codes of errors are those of
  // sqlstate.h. The rows of the last statement that has any, as text, go to `rows`.
  using Rows = std::vector<std::vector<std::string>>;
  absl::Status Run(const StatementBatch& batch, Duration deadline, Rows* rows = nullptr);
  // The same, for what is answered soon.
  absl::Status RunSpinning(const StatementBatch& batch, Duration deadline, Rows* rows = nullptr);
  // Loads rows by a COPY ... FROM STDIN (FORMAT binary) statement. `add_rows` is called until it
  // says that nothing is left, and adds a few rows each time: the database stores them while the
  // next are made.
  absl::Status Copy(const char* statement, BinaryRows rows,
                    const std::function<bool(BinaryRows&)>& add_rows, Duration deadline);

  bool is_usable() const { return is_usable_; }
  // The constraint that the last failed statement violated; empty for other failures.
  const std::string& violated_constraint() const { return violated_constraint_; }

 private:
  DirectConnection(pg_conn* connection, const Options& options, Clock& clock)
      : connection_(connection), options_(options), clock_(clock) {}

  absl::Status Lost(const char* how = "the connection to the database broke");
  absl::Status WaitForSocket(bool for_write, Duration deadline);
  absl::Status Flush(Duration deadline);
  // The next result, or null at the end of one statement's results.
  absl::StatusOr<pg_result*> NextResult(Duration deadline);
  absl::Status Prepare(const PreparedStatement& statement, Duration deadline);
  absl::Status Send(const StatementBatch::Execution& execution);
  absl::Status Collect(Duration deadline, Rows* rows);
  absl::Status FailureOf(const pg_result* result);
  absl::Status PutCopyData(std::string_view data);
  absl::Status SendRows(BinaryRows& rows, const std::function<bool(BinaryRows&)>& add_rows,
                        Duration deadline);

  pg_conn* const connection_;
  const Options options_;
  Clock& clock_;
  Duration spin_{};
  bool is_usable_ = true;
  std::string violated_constraint_;
  std::set<std::string_view> prepared_;  // names, which are constants
};

}  // namespace joulebook
