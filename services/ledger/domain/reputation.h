// Reputation: the formula of the storage economy in integer millionths.
#pragma once

#include "common/status/status.h"
#include "services/ledger/domain/book.h"

namespace joulebook::ledger {

inline constexpr int32_t kMaxPpm = 1'000'000;

// `before` with what the command changes, overall recomputed:
//   base    = 0.3 quality + 0.3 contribution + 0.2 behavior + 0.2 social
//   penalty = 0.1 x the sum of all violations' severities
//   overall = clamp(base - penalty, 0, 1), rounded half up to a millionth
// The source gives one severity for all violations; a sum of the single ones is the same where
// they are equal and keeps each where they are not (ADR 0005).
Reputation ChangeReputation(const Reputation& before, const ReputationCommand& command);

// Records the change, or gives the recorded one again. Errors: MEMBER_NOT_FOUND,
// ID_EXISTS_WITH_DIFFERENT_CONTENT.
absl::StatusOr<ReputationChange> DecideReputationChange(const ReputationCommand& command,
                                                        BookView& view, Changes& changes);

}  // namespace joulebook::ledger
