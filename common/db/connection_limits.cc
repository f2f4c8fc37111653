#include "common/db/connection_limits.h"

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace joulebook {

std::string LimitedConnection(std::string_view connection, const ConnectionLimits& limits,
                              std::string_view options) {
  const auto connect_s =
      std::chrono::duration_cast<std::chrono::seconds>(limits.connect_timeout).count();
  const auto statement_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(limits.statement_timeout).count();
  return absl::StrCat(
      ToAbsl(connection), " connect_timeout=", connect_s, " tcp_user_timeout=", statement_ms,
      " options='-c statement_timeout=", statement_ms, " -c lock_timeout=", statement_ms * 4 / 5,
      " -c idle_in_transaction_session_timeout=", statement_ms, " -c synchronous_commit=on ",
      ToAbsl(options), "'");
}

}  // namespace joulebook
