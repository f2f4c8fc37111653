#include "services/ledger/domain/reputation.h"

#include "common/testing/matchers.h"

namespace joulebook::ledger {
namespace {

Uuid Id(uint8_t number) {
  Uuid id;
  id.bytes[15] = number;
  return id;
}

TEST(ChangeReputation, GivesTheVectorsOfTheFacts) {
  struct Case {
    int32_t quality, contribution, behavior, social;
    int violations;
    int32_t severity, overall;
  };
  const Case cases[] = {
      {500'000, 500'000, 500'000, 500'000, 0, 0, 500'000},
      {800'000, 900'000, 950'000, 700'000, 0, 0, 840'000},
      {800'000, 900'000, 950'000, 700'000, 3, 500'000, 690'000},
      {1'000'000, 1'000'000, 1'000'000, 1'000'000, 10, 1'000'000, 0},
      {1'000'000, 1'000'000, 1'000'000, 1'000'000, 20, 1'000'000, 0},
      {0, 0, 0, 0, 0, 0, 0},
      {1, 0, 0, 0, 0, 0, 0},  // 0.3 millionths
      {0, 1, 1, 0, 0, 0, 1},  // 0.5 rounds up
      {1, 1, 0, 0, 0, 0, 1},  // 0.6
  };
  for (const Case& c : cases) {
    ReputationCommand command;
    command.quality_ppm = c.quality;
    command.contribution_ppm = c.contribution;
    command.behavior_ppm = c.behavior;
    command.social_ppm = c.social;
    Reputation reputation = ChangeReputation({}, command);
    ReputationCommand violation;
    violation.violation_severity_ppm = c.severity;
    for (int i = 0; i < c.violations; ++i) reputation = ChangeReputation(reputation, violation);
    EXPECT_EQ(reputation.overall_ppm, c.overall) << c.quality << " " << c.violations;
    EXPECT_EQ(reputation.violations, c.violations);
  }
}

TEST(ChangeReputation, StartsNeutralAndKeepsWhatIsAbsent) {
  EXPECT_EQ(Reputation().overall_ppm, 500'000);
  ReputationCommand command;
  command.quality_ppm = 1'000'000;
  const Reputation after = ChangeReputation({}, command);
  EXPECT_EQ(after.overall_ppm, 650'000);
  EXPECT_EQ(after.social_ppm, 500'000);
  EXPECT_EQ(after.changes, 1);
}

TEST(DecideReputationChange, IsIdempotentAndNamesTheFieldThatDiffers) {
  BookView view;
  Changes changes;
  ReputationCommand command;
  command.id = Id(1);
  command.member = Id(2);
  command.violation_severity_ppm = 100'000;
  EXPECT_THAT(DecideReputationChange(command, view, changes),
              StatusIs(absl::StatusCode::kNotFound, "MEMBER_NOT_FOUND"));

  view.members[command.member].id = command.member;
  const auto first = DecideReputationChange(command, view, changes);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->after.overall_ppm, 490'000);

  view.reputation_changes[command.id] = *first;
  EXPECT_EQ(*DecideReputationChange(command, view, changes), *first);
  EXPECT_EQ(changes.reputation_changes.size(), 1U);

  command.note = "other";
  const auto other = DecideReputationChange(command, view, changes);
  EXPECT_THAT(other,
              StatusIs(absl::StatusCode::kAlreadyExists, "ID_EXISTS_WITH_DIFFERENT_CONTENT"));
  EXPECT_EQ(GetErrorInfo(other.status())->metadata.at("field"), "note");
}

}  // namespace
}  // namespace joulebook::ledger
