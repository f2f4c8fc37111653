// The ledger's call errors: one function for each reason of ErrorReason that the domain decides.
#pragma once

#include <string_view>

#include "common/ids/uuid.h"
#include "common/status/status.h"
#include "common/time/clock.h"

namespace joulebook::ledger {

inline constexpr char kErrorDomain[] = "ledger.joulebook";

// INVALID_ARGUMENT, FIELD_INVALID.
absl::Status FieldInvalid(std::string_view field, std::string_view rule);
// RESOURCE_EXHAUSTED, OVERLOADED.
absl::Status Overloaded(std::string_view queue, std::size_t limit);
// UNAVAILABLE, CLOCK_SKEWED; `clock` is "machine" or "book", `skew` by how much it is ahead of the
// database's (negative: behind).
absl::Status ClockSkewed(std::string_view clock, Duration skew, Duration limit);
// NOT_FOUND, WHAT_NOT_FOUND with the metadata what_id; `what` is "member", "account", "transfer" or
// "hold".
absl::Status NotFound(std::string_view what, const Uuid& id);
// NOT_FOUND, ASSET_NOT_FOUND.
absl::Status AssetNotFound(std::string_view code);
// ALREADY_EXISTS, ID_EXISTS_WITH_DIFFERENT_CONTENT, naming the first field that differs.
absl::Status DifferentContent(const Uuid& id, std::string_view field);
// FAILED_PRECONDITION, ACCOUNT_NOT_EMPTY.
absl::Status AccountNotEmpty(const Uuid& id);
// FAILED_PRECONDITION, ACCOUNT_CLOSED.
absl::Status AccountClosed(const Uuid& id);
// FAILED_PRECONDITION, OWNER_HAS_NO_KEY.
absl::Status OwnerHasNoKey(const Uuid& member);
// NOT_FOUND, CHECKPOINT_NOT_FOUND; size 0 stands for the newest.
absl::Status CheckpointNotFound(int64_t tree_size);
// FAILED_PRECONDITION, NOT_SEALED_YET.
absl::Status NotSealedYet(int64_t position, int64_t tree_size);
// OUT_OF_RANGE, BALANCE_OUT_OF_RANGE.
absl::Status BalanceOutOfRange(const Uuid& account);
// FAILED_PRECONDITION, TRIAL_GRANT_REFUSED with the result code's number.
absl::Status TrialGrantRefused(int result);

}  // namespace joulebook::ledger
