// The boundary that answers the client: the one place where an error gets its final form and its
// log line.
#pragma once

#include <grpcpp/support/status.h>

#include <string>
#include <string_view>

#include "common/status/status.h"

namespace joulebook {

class Boundary {
 public:
  // `domain` is that of the service's errors: "ledger.joulebook".
  explicit Boundary(std::string domain) : domain_(std::move(domain)) {}

  // The client's form of `status` of the RPC `method`. An error without a reason gets the one
  // of its code (OVERLOADED, DATABASE_UNAVAILABLE, DEADLINE_PASSED, else INTERNAL with its text
  // kept inside), unless it is CANCELLED; errors that are the server's are logged.
  grpc::Status Finish(std::string_view method, const absl::Status& status) const;

  // UNAVAILABLE, DRAINING.
  absl::Status Draining() const;
  // RESOURCE_EXHAUSTED, OVERLOADED.
  absl::Status Overloaded(std::string_view queue, std::size_t limit) const;
  // INVALID_ARGUMENT, TOO_MANY_ITEMS unless there are 1 to `limit` items.
  absl::Status CheckItems(std::size_t items, std::size_t limit) const;

  const std::string& domain() const { return domain_; }

 private:
  absl::Status WithReason(const absl::Status& status) const;

  const std::string domain_;
};

}  // namespace joulebook
