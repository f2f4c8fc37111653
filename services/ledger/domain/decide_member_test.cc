#include "services/ledger/domain/decide_member.h"

#include "common/testing/matchers.h"
#include "services/ledger/domain/limits.h"

namespace joulebook::ledger {
namespace {

Uuid Id(uint8_t number) {
  Uuid id;
  id.bytes[15] = number;
  return id;
}

BookView BookWithIssuer() {
  BookView view;
  view.now = Time(std::chrono::seconds(1'800'000'000));
  Account issuer;
  issuer.id = kJouleIssuerId;
  issuer.asset = AssetCode("J");
  issuer.role = AccountRole::kIssuer;
  view.accounts[issuer.id] = issuer;
  view.assets = {AssetCode("J"), AssetCode("KWH")};
  return view;
}

TEST(DecideRegisterMember, GrantsTheTrialOnceAsATransferFromTheIssuer) {
  BookView view = BookWithIssuer();
  Changes changes;
  const RegisterMemberCommand command{Id(7), "", "Ada"};

  const auto first = DecideRegisterMember(command, Id(100), view, changes);
  const auto again = DecideRegisterMember(command, Id(101), view, changes);

  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE(first->is_new);
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(again->value.trial_transfer, Id(100));
  ASSERT_EQ(changes.transfers.size(), 1U);
  EXPECT_EQ(changes.transfers[0].request.id, Id(100));
  EXPECT_EQ(view.accounts.at(Id(7)).balances.granted, kTrialGrantMicrojoules);
  EXPECT_EQ(view.accounts.at(Id(7)).balances.earned, 0);
  EXPECT_EQ(view.accounts.at(kJouleIssuerId).balances.posted, -kTrialGrantMicrojoules);
}

TEST(DecideRegisterMember, NamesTheFieldThatDiffers) {
  BookView view = BookWithIssuer();
  Changes changes;
  ASSERT_THAT(DecideRegisterMember({Id(7), "", "Ada"}, Id(100), view, changes), IsOk());
  const auto field = [&](const RegisterMemberCommand& command) {
    const auto decided = DecideRegisterMember(command, Id(101), view, changes);
    EXPECT_THAT(decided,
                StatusIs(absl::StatusCode::kAlreadyExists, "ID_EXISTS_WITH_DIFFERENT_CONTENT"));
    return GetErrorInfo(decided.status())->metadata.at("field");
  };
  EXPECT_EQ(field({Id(7), std::string(32, 'k'), "Ada"}), "public_key");
  EXPECT_EQ(field({Id(7), "", "Bob"}), "display_name");
  EXPECT_EQ(field({kJouleIssuerId, "", ""}), "account");
}

TEST(DecideRegisterMember, FailsWholeWhenTheIssuerCannotGrant) {
  BookView view = BookWithIssuer();
  view.accounts.at(kJouleIssuerId).state = AccountState::kFrozen;
  Changes changes;
  EXPECT_THAT(DecideRegisterMember({Id(7), "", ""}, Id(100), view, changes),
              StatusIs(absl::StatusCode::kFailedPrecondition, "TRIAL_GRANT_REFUSED"));
}

TEST(DecideCreateAccount, ChecksInTheDocumentedOrder) {
  BookView view = BookWithIssuer();
  view.members[Id(1)].id = Id(1);
  Changes changes;
  const auto decide = [&](CreateAccountCommand command) {
    return DecideCreateAccount(command, view, changes).status();
  };
  EXPECT_THAT(decide({.id = Id(9), .asset = AssetCode("GOLD"), .role = AccountRole::kSink}),
              StatusIs(absl::StatusCode::kNotFound, "ASSET_NOT_FOUND"));
  EXPECT_THAT(decide({.id = Id(9), .asset = AssetCode("J"), .role = AccountRole::kProvider}),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
  EXPECT_THAT(decide({.id = Id(9), .owner = Id(2), .asset = AssetCode("J")}),
              StatusIs(absl::StatusCode::kNotFound, "MEMBER_NOT_FOUND"));
  EXPECT_THAT(
      decide({.id = Id(9), .owner = Id(1), .asset = AssetCode("J"), .requires_signature = true}),
      StatusIs(absl::StatusCode::kFailedPrecondition, "OWNER_HAS_NO_KEY"));
  EXPECT_THAT(decide({.id = Id(9), .owner = Id(1), .asset = AssetCode("J"), .upper_limit = -1}),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
  EXPECT_TRUE(changes.empty());

  EXPECT_THAT(decide({.id = Id(9), .owner = Id(1), .asset = AssetCode("J")}), IsOk());
  EXPECT_EQ(view.accounts.at(Id(9)).lower_limit, 0);
  EXPECT_THAT(decide({.id = Id(9), .owner = Id(1), .asset = AssetCode("J"), .lower_limit = 0}),
              IsOk());
  EXPECT_THAT(decide({.id = Id(9), .owner = Id(1), .asset = AssetCode("KWH")}),
              StatusIs(absl::StatusCode::kAlreadyExists, "ID_EXISTS_WITH_DIFFERENT_CONTENT"));
  EXPECT_THAT(decide({.id = Id(8), .asset = AssetCode("J"), .role = AccountRole::kExternal}),
              IsOk());
  EXPECT_EQ(view.accounts.at(Id(8)).lower_limit, std::nullopt);
}

TEST(DecideAccountState, ClosesOnlyEmptyAccountsAndNeverReopens) {
  BookView view = BookWithIssuer();
  Changes changes;
  EXPECT_THAT(DecideAccountState(Id(5), AccountState::kFrozen, view, changes),
              StatusIs(absl::StatusCode::kNotFound, "ACCOUNT_NOT_FOUND"));
  Account& account = view.accounts[Id(5)];
  account.id = Id(5);
  account.balances.pending = 1;
  EXPECT_THAT(DecideAccountState(Id(5), AccountState::kClosed, view, changes),
              StatusIs(absl::StatusCode::kFailedPrecondition, "ACCOUNT_NOT_EMPTY"));
  EXPECT_THAT(DecideAccountState(Id(5), AccountState::kFrozen, view, changes), IsOk());
  EXPECT_THAT(DecideAccountState(Id(5), AccountState::kOpen, view, changes), IsOk());
  account.balances.pending = 0;
  EXPECT_THAT(DecideAccountState(Id(5), AccountState::kClosed, view, changes), IsOk());
  EXPECT_THAT(DecideAccountState(Id(5), AccountState::kClosed, view, changes), IsOk());
  EXPECT_THAT(DecideAccountState(Id(5), AccountState::kOpen, view, changes),
              StatusIs(absl::StatusCode::kFailedPrecondition, "ACCOUNT_CLOSED"));
}

}  // namespace
}  // namespace joulebook::ledger
