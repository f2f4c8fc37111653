#include "common/db/pool.h"

#include <pqxx/except>
#include <pqxx/nontransaction>

namespace joulebook {
namespace {

// How long a health ping waits for a connection before it calls the pool busy (and so alive).
constexpr Duration kPingAcquireTimeout = std::chrono::milliseconds(100);

}  // namespace

Pool::Lease::~Lease() {
  if (pool_ == nullptr || (connection_ == nullptr && !discarded_)) return;  // moved from
  guard_.reset();
  pool_->Return(std::move(connection_));
}

void Pool::Lease::Discard() {
  connection_.reset();
  discarded_ = true;
}

absl::StatusOr<std::unique_ptr<pqxx::connection>> Pool::Connect() const {
  try {
    return std::make_unique<pqxx::connection>(
        LimitedConnection(options_.connection, options_.limits));
  } catch (const pqxx::failure& error) {
    return absl::UnavailableError("the database cannot be reached");
  }
}

absl::StatusOr<Pool::Lease> Pool::Acquire(Duration timeout) {
  std::unique_ptr<pqxx::connection> connection;
  {
    std::unique_lock lock(mutex_);
    if (!freed_.wait_for(lock, timeout, [this] { return in_use_ < options_.size; })) {
      return absl::ResourceExhaustedError("no free database connection");
    }
    ++in_use_;
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (connection == nullptr) {
    auto opened = Connect();
    if (!opened.ok()) {
      Return(nullptr);
      return opened.status();
    }
    connection = *std::move(opened);
  }
  auto guard = watch_.Watch(connection->sock(), timeout + options_.limits.statement_timeout);
  return Lease(*this, std::move(connection), std::move(guard));
}

void Pool::Return(std::unique_ptr<pqxx::connection> connection) {
  {
    const std::lock_guard lock(mutex_);
    --in_use_;
    if (connection != nullptr && connection->is_open()) idle_.push_back(std::move(connection));
  }
  freed_.notify_one();
}

absl::Status Pool::Ping() {
  auto lease = Acquire(kPingAcquireTimeout);
  if (lease.status().code() == absl::StatusCode::kResourceExhausted) return absl::OkStatus();
  JB_RETURN_IF_ERROR(lease.status());
  try {
    pqxx::nontransaction(lease->connection()).exec("SELECT 1");
    return absl::OkStatus();
  } catch (const pqxx::failure&) {
    lease->Discard();
    return absl::UnavailableError("the database does not answer");
  }
}

}  // namespace joulebook
