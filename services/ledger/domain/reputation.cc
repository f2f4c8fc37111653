#include "services/ledger/domain/reputation.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "services/ledger/domain/errors.h"

namespace joulebook::ledger {
namespace {

std::string_view FirstDifference(const ReputationCommand& a, const ReputationCommand& b) {
  const std::pair<bool, std::string_view> comparisons[] = {
      {a.member == b.member, "member_id"},
      {a.cause == b.cause, "cause"},
      {a.quality_ppm == b.quality_ppm, "quality_ppm"},
      {a.contribution_ppm == b.contribution_ppm, "contribution_ppm"},
      {a.behavior_ppm == b.behavior_ppm, "behavior_ppm"},
      {a.social_ppm == b.social_ppm, "social_ppm"},
      {a.violation_severity_ppm == b.violation_severity_ppm, "violation_severity_ppm"},
      {a.note == b.note, "note"},
  };
  for (const auto& [same, field] : comparisons) {
    if (!same) return field;
  }
  return "";
}

}  // namespace

Reputation ChangeReputation(const Reputation& before, const ReputationCommand& command) {
  Reputation after = before;
  after.quality_ppm = command.quality_ppm.value_or(before.quality_ppm);
  after.contribution_ppm = command.contribution_ppm.value_or(before.contribution_ppm);
  after.behavior_ppm = command.behavior_ppm.value_or(before.behavior_ppm);
  after.social_ppm = command.social_ppm.value_or(before.social_ppm);
  if (command.violation_severity_ppm.has_value() &&
      after.violations < std::numeric_limits<int32_t>::max()) {
    ++after.violations;
    after.severity_sum_ppm += *command.violation_severity_ppm;
  }
  ++after.changes;
  // Tenths of a millionth, so that the weights are whole numbers.
  const int64_t tenths = int64_t{3} * after.quality_ppm + int64_t{3} * after.contribution_ppm +
                         int64_t{2} * after.behavior_ppm + int64_t{2} * after.social_ppm -
                         after.severity_sum_ppm;
  after.overall_ppm =
      static_cast<int32_t>((std::clamp(tenths, int64_t{0}, int64_t{10} * kMaxPpm) + 5) / 10);
  return after;
}

absl::StatusOr<ReputationChange> DecideReputationChange(const ReputationCommand& command,
                                                        BookView& view, Changes& changes) {
  const auto recorded = view.reputation_changes.find(command.id);
  if (recorded != view.reputation_changes.end()) {
    const std::string_view field = FirstDifference(recorded->second.command, command);
    if (!field.empty()) return DifferentContent(command.id, field);
    return recorded->second;
  }
  const auto member = view.members.find(command.member);
  if (member == view.members.end()) return NotFound("member", command.member);

  Reputation& reputation = member->second.reputation;
  reputation = ChangeReputation(reputation, command);
  const ReputationChange change{command, reputation.changes, view.NextRecorded(), reputation};
  changes.reputations.insert(command.member);
  changes.reputation_changes.push_back(change);
  changes.records.push_back(view.NextRecord(change));
  view.states_position = view.last_position;
  return change;
}

}  // namespace joulebook::ledger
