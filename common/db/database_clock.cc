#include "common/db/database_clock.h"

#include <algorithm>
#include <pqxx/except>
#include <pqxx/nontransaction>
#include <pqxx/result>

namespace joulebook {
namespace {

// A reading that nobody confirmed for so long says nothing any more: the database may be another
// one by now.
constexpr Duration kMaxAge = std::chrono::seconds(10);
// How long a reading waits for a connection.
constexpr Duration kAcquireTimeout = std::chrono::milliseconds(500);
constexpr int64_t kDriftDivisor = 1'000;
constexpr char kClock[] = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

}  // namespace

Time DatabaseClock::Now() {
  return is_known_ ? zero_.load() + machine_.MonotonicNow() : machine_.Now();
}

absl::Status DatabaseClock::Refresh(Pool& pool) {
  JB_ASSIGN_OR_RETURN(Pool::Lease lease, pool.Acquire(kAcquireTimeout));
  try {
    pqxx::nontransaction query(lease.connection());
    const Duration sent = MonotonicNow();
    const auto micros = query.exec(kClock)[0][0].as<int64_t>();
    Learn(sent, Time(Duration(micros)), MonotonicNow());
    return absl::OkStatus();
  } catch (const pqxx::failure&) {
    lease.Discard();
    return absl::UnavailableError("the database does not tell its time");
  }
}

void DatabaseClock::Learn(Duration sent, Time time, Duration received) {
  const Duration error = (received - sent) / 2;
  const Time zero = time - (sent + error);
  const std::lock_guard lock(mutex_);
  const Duration known_error = ErrorAt(received);
  const bool was_set = std::chrono::abs(zero - zero_.load()) > error + known_error;
  if (!is_known_ || was_set || error <= known_error) {
    zero_ = zero;
    is_known_ = true;
    error_ = error;
    taken_ = received;
  }
  confirmed_ = received;
}

absl::StatusOr<Duration> DatabaseClock::Skew() {
  const std::lock_guard lock(mutex_);
  const Duration now = machine_.MonotonicNow();
  if (!is_known_ || now - confirmed_ > kMaxAge) {
    return absl::UnavailableError("the database's time has not been read for 10 seconds");
  }
  const Duration skew = machine_.Now() - (zero_.load() + now);
  const Duration error = ErrorAt(now);
  return skew - std::clamp(skew, -error, error);
}

Duration DatabaseClock::ErrorAt(Duration now) const {
  return error_ + (now - taken_) / kDriftDivisor;
}

}  // namespace joulebook
