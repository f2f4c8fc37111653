#include "services/ledger/store/clock_guard.h"

#include "services/ledger/domain/errors.h"

namespace joulebook::ledger {

absl::Status ClockGuard::Check(Time last_recorded) const {
  JB_ASSIGN_OR_RETURN(const Duration machine, clock_.Skew());
  if (std::chrono::abs(machine) > max_skew_) return ClockSkewed("machine", machine, max_skew_);
  const Duration book = last_recorded - clock_.Now();
  return book > max_skew_ ? ClockSkewed("book", book, max_skew_) : absl::OkStatus();
}

}  // namespace joulebook::ledger
