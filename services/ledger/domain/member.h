// Members and their reputation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/ids/uuid.h"
#include "common/time/clock.h"

namespace joulebook::ledger {

// Integer millionths, 0 to 1 000 000. Neutral at the start.
struct Reputation {
  int32_t overall_ppm = 500'000;
  int32_t quality_ppm = 500'000;
  int32_t contribution_ppm = 500'000;
  int32_t behavior_ppm = 500'000;
  int32_t social_ppm = 500'000;
  int32_t violations = 0;
  int64_t severity_sum_ppm = 0;
  int64_t changes = 0;  // entries in the history

  bool operator==(const Reputation&) const = default;
};

struct Member {
  Uuid id;
  std::string public_key;  // 32 bytes or empty
  std::string display_name;
  Uuid trial_transfer;
  int64_t number = 0;  // place in the order of registration, from 1
  Time registered;
  Reputation reputation;

  bool operator==(const Member&) const = default;
};

enum class ReputationCause {
  kContentViolation = 1,
  kSpamDetected = 2,
  kAbuseReported = 3,
  kPositiveRating = 4,
  kResourceContribution = 5,
  kNetworkReliability = 6,
  kCorrection = 7,
};

// The requested change; absent components stay as they are.
struct ReputationCommand {
  Uuid id;
  Uuid member;
  ReputationCause cause = ReputationCause::kCorrection;
  std::optional<int32_t> quality_ppm;
  std::optional<int32_t> contribution_ppm;
  std::optional<int32_t> behavior_ppm;
  std::optional<int32_t> social_ppm;
  std::optional<int32_t> violation_severity_ppm;
  std::string note;

  bool operator==(const ReputationCommand&) const = default;
};

struct ReputationChange {
  ReputationCommand command;
  int64_t sequence = 0;
  Time recorded;
  Reputation after;

  bool operator==(const ReputationChange&) const = default;
};

}  // namespace joulebook::ledger
