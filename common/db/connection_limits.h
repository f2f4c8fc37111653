// The limits of every connection of the suite: each wait has an end, on both sides.
#pragma once

#include <string>
#include <string_view>

#include "common/time/clock.h"

namespace joulebook {

struct ConnectionLimits {
  // A connection attempt that takes longer fails; whole seconds, at least 2 (libpq's minimum).
  Duration connect_timeout = std::chrono::seconds(2);
  // A statement that runs longer is cancelled by the server, one that waits for a lock a fifth
  // earlier, so that its client can tell the two apart. A session that sleeps for as long inside of
  // a transaction is ended by the server: whoever waits for its locks goes on. PostgreSQL does not
  // count a session as sleeping that it waits for in the middle of a COPY or of a pipeline.
  // A server that is silent keeps no limit: Pool and DirectConnection have ends of their own.
  Duration statement_timeout = std::chrono::seconds(5);
};

// libpq's connection string with the limits and with synchronous commits. `options` are further
// settings of the session, "-c name=value ...".
std::string LimitedConnection(std::string_view connection, const ConnectionLimits& limits,
                              std::string_view options = "");

}  // namespace joulebook
