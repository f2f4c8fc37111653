// Every RPC of the ledger through a real client, server and database.

#include <functional>
#include <set>
#include <thread>

#include "common/time/timers.h"
#include "services/ledger/rpc/roles.h"
#include "tests/integration/service_fixture.h"

namespace joulebook::ledger {
namespace {

class LedgerServiceTest : public ServiceTest {
 protected:
  void SetUp() override { StartService(); }

  // All pages of a listing.
  template <typename Request, typename Method, typename Items>
  std::vector<std::string> AllPages(Request request, Method method, const Items& ids_of) {
    std::vector<std::string> all;
    for (int pages = 0; pages < 50; ++pages) {
      const auto response = Call(*stub_, method, request);
      EXPECT_THAT(response, IsOk());
      if (!response.ok()) break;
      for (const std::string& id : ids_of(*response)) all.push_back(id);
      if (response->next_page_token().empty()) break;
      request.set_page_token(response->next_page_token());
    }
    return all;
  }
};

TEST_F(LedgerServiceTest, ListAssetsHasTheFourOfTheFirstMigration) {
  const auto response = Call(*stub_, &Service::ListAssets, v1::ListAssetsRequest());
  ASSERT_THAT(response, IsOk());
  std::string text;
  for (const auto& asset : response->assets()) {
    text += asset.code() + ":" + std::to_string(asset.scale()) + ":" +
            v1::AssetKind_Name(asset.kind()) + " ";
  }
  EXPECT_EQ(text,
            "J:6:ASSET_KIND_ENERGY KWH:6:ASSET_KIND_ENERGY THB:2:ASSET_KIND_CURRENCY "
            "USDT:6:ASSET_KIND_TOKEN ");
}

TEST_F(LedgerServiceTest, RegisterMemberGrantsOnceAndGetAndListMembersShowIt) {
  const auto first = Register(1);
  const auto again = Register(1);
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE(first->registered_now());
  EXPECT_FALSE(again->registered_now());
  EXPECT_EQ(first->member().trial_transfer_id(), again->member().trial_transfer_id());
  const auto balances = Account(MemberId(1)).balances();
  EXPECT_EQ(balances.posted_minor(), 1'000'000'000);
  EXPECT_EQ(balances.granted_minor(), 1'000'000'000);
  EXPECT_EQ(balances.earned_minor(), 0);

  v1::GetMemberRequest get;
  get.set_member_id(MemberId(1));
  EXPECT_EQ(Call(*stub_, &Service::GetMember, get)->member().reputation().overall_ppm(), 500'000);
  get.set_member_id(MemberId(2));
  EXPECT_THAT(Call(*stub_, &Service::GetMember, get),
              StatusIs(absl::StatusCode::kNotFound, "MEMBER_NOT_FOUND"));

  for (int i = 2; i <= 5; ++i) ASSERT_THAT(Register(i), IsOk());
  v1::ListMembersRequest list;
  list.set_page_size(2);
  const auto ids = [](const v1::ListMembersResponse& page) {
    std::vector<std::string> found;
    for (const auto& member : page.members()) found.push_back(member.id());
    return found;
  };
  EXPECT_EQ(
      AllPages(list, &Service::ListMembers, ids),
      (std::vector<std::string>{MemberId(1), MemberId(2), MemberId(3), MemberId(4), MemberId(5)}));
  list.set_newest_first(true);
  EXPECT_EQ(AllPages(list, &Service::ListMembers, ids).front(), MemberId(5));
}

TEST_F(LedgerServiceTest, AClosedMemberAccountIsNeverGrantedAgain) {
  ASSERT_THAT(Register(1), IsOk());
  ASSERT_EQ(Post(MakePost(TransferId(1), MemberId(1), kIssuer, 1'000'000'000))->code(),
            v1::TRANSFER_RESULT_CODE_OK);
  v1::SetAccountStateRequest close;
  close.set_account_id(MemberId(1));
  close.set_state(v1::ACCOUNT_STATE_CLOSED);
  ASSERT_THAT(Call(*stub_, &Service::SetAccountState, close), IsOk());
  EXPECT_FALSE(Register(1)->registered_now());
  EXPECT_EQ(Account(MemberId(1)).balances().posted_minor(), 0);
  close.set_state(v1::ACCOUNT_STATE_OPEN);
  EXPECT_THAT(Call(*stub_, &Service::SetAccountState, close),
              StatusIs(absl::StatusCode::kFailedPrecondition, "ACCOUNT_CLOSED"));
}

TEST_F(LedgerServiceTest, CreateAccountIsIdempotentAndListAccountsShowsIt) {
  ASSERT_THAT(Register(1), IsOk());
  v1::CreateAccountRequest create;
  create.set_account_id(AccountId(1));
  create.set_owner_member_id(MemberId(1));
  create.set_asset_code("KWH");
  create.set_role(v1::ACCOUNT_ROLE_PROVIDER);
  create.set_upper_limit_minor(500);
  (*create.mutable_metadata())["site"] = "roof";
  const auto first = Call(*stub_, &Service::CreateAccount, create);
  ASSERT_THAT(first, IsOk());
  EXPECT_TRUE(first->created_now());
  EXPECT_FALSE(Call(*stub_, &Service::CreateAccount, create)->created_now());
  create.set_upper_limit_minor(501);
  EXPECT_THAT(Call(*stub_, &Service::CreateAccount, create),
              StatusIs(absl::StatusCode::kAlreadyExists, "ID_EXISTS_WITH_DIFFERENT_CONTENT"));

  const v1::Account account = Account(AccountId(1));
  EXPECT_EQ(account.metadata().at("site"), "roof");
  EXPECT_EQ(account.lower_limit_minor(), 0);
  v1::GetAccountRequest get;
  get.set_account_id(AccountId(9));
  EXPECT_THAT(Call(*stub_, &Service::GetAccount, get),
              StatusIs(absl::StatusCode::kNotFound, "ACCOUNT_NOT_FOUND"));

  v1::ListAccountsRequest list;
  list.set_page_size(1);
  list.set_owner_member_id(MemberId(1));
  EXPECT_EQ(AllPages(list, &Service::ListAccounts,
                     [](const v1::ListAccountsResponse& page) {
                       std::vector<std::string> ids;
                       for (const auto& listed : page.accounts()) ids.push_back(listed.id());
                       return ids;
                     }),
            (std::vector<std::string>{MemberId(1), AccountId(1)}));
}

TEST_F(LedgerServiceTest, CreateAccountNamesWhatIsWrong) {
  const auto status_of = [&](const std::function<void(v1::CreateAccountRequest&)>& change) {
    v1::CreateAccountRequest create;
    create.set_account_id(AccountId(1));
    create.set_asset_code("J");
    create.set_role(v1::ACCOUNT_ROLE_SINK);
    change(create);
    return Call(*stub_, &Service::CreateAccount, create).status();
  };
  EXPECT_THAT(status_of([](auto& r) { r.set_asset_code("GOLD"); }),
              StatusIs(absl::StatusCode::kNotFound, "ASSET_NOT_FOUND"));
  EXPECT_THAT(status_of([](auto& r) { r.set_owner_member_id(MemberId(7)); }),
              StatusIs(absl::StatusCode::kNotFound, "MEMBER_NOT_FOUND"));
  EXPECT_THAT(status_of([](auto& r) { r.set_role(v1::ACCOUNT_ROLE_UNSPECIFIED); }),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
  ASSERT_THAT(Register(1), IsOk());
  EXPECT_THAT(status_of([](auto& r) {
                r.set_owner_member_id(MemberId(1));
                r.set_requires_signature(true);
              }),
              StatusIs(absl::StatusCode::kFailedPrecondition, "OWNER_HAS_NO_KEY"));
}

TEST_F(LedgerServiceTest, RecordReputationChangeKeepsAHistoryWithCauses) {
  ASSERT_THAT(Register(1), IsOk());
  v1::RecordReputationChangeRequest change;
  change.set_change_id(TransferId(1));
  change.set_member_id(MemberId(1));
  change.set_cause(v1::REPUTATION_CAUSE_POSITIVE_RATING);
  change.set_quality_ppm(800'000);
  ASSERT_EQ(
      Call(*stub_, &Service::RecordReputationChange, change)->change().reputation().overall_ppm(),
      590'000);
  EXPECT_EQ(Call(*stub_, &Service::RecordReputationChange, change)->change().sequence(), 1);
  change.set_change_id(TransferId(2));
  change.clear_quality_ppm();
  change.set_cause(v1::REPUTATION_CAUSE_SPAM_DETECTED);
  change.set_violation_severity_ppm(500'000);
  ASSERT_EQ(
      Call(*stub_, &Service::RecordReputationChange, change)->change().reputation().overall_ppm(),
      540'000);

  v1::ListReputationChangesRequest list;
  list.set_member_id(MemberId(1));
  list.set_page_size(1);
  list.set_newest_first(true);
  EXPECT_EQ(AllPages(list, &Service::ListReputationChanges,
                     [](const v1::ListReputationChangesResponse& page) {
                       std::vector<std::string> causes;
                       for (const auto& listed : page.changes()) {
                         causes.push_back(v1::ReputationCause_Name(listed.request().cause()));
                       }
                       return causes;
                     }),
            (std::vector<std::string>{"REPUTATION_CAUSE_SPAM_DETECTED",
                                      "REPUTATION_CAUSE_POSITIVE_RATING"}));
}

TEST_F(LedgerServiceTest, ReserveChargeAndExpiryRunByTheServersClock) {
  ASSERT_THAT(Register(1), IsOk());
  ASSERT_THAT(Register(2), IsOk());
  v1::TransferRequest hold = MakePost(TransferId(1), MemberId(1), MemberId(2), 100);
  hold.set_kind(v1::TRANSFER_KIND_RESERVE);
  hold.set_include_balances(true);
  const auto reserved = Post(hold);
  ASSERT_THAT(reserved, IsOk());
  EXPECT_EQ(reserved->debit_balances().reserved_minor(), 100);
  EXPECT_EQ(reserved->credit_balances().pending_minor(), 100);

  v1::TransferRequest charge;
  charge.set_id(TransferId(2));
  charge.set_kind(v1::TRANSFER_KIND_CHARGE);
  charge.set_target_id(hold.id());
  charge.set_amount_minor(60);
  charge.set_include_balances(true);
  const auto charged = Post(charge);
  EXPECT_EQ(charged->moved_minor(), 60);
  EXPECT_EQ(charged->debit_balances().available_minor(), 1'000'000'000 - 60);

  v1::GetHoldRequest get;
  get.set_hold_id(hold.id());
  EXPECT_EQ(Call(*stub_, &Service::GetHold, get)->hold().state(), v1::HOLD_STATE_CHARGED);
  get.set_hold_id(TransferId(9));
  EXPECT_THAT(Call(*stub_, &Service::GetHold, get),
              StatusIs(absl::StatusCode::kNotFound, "HOLD_NOT_FOUND"));

  hold.set_id(TransferId(3));
  hold.set_hold_ttl_ms(1);
  ASSERT_EQ(Post(hold)->code(), v1::TRANSFER_RESULT_CODE_OK);
  get.set_hold_id(hold.id());
  ThreadSleeper sleeper;
  for (int tries = 0; tries < 500; ++tries) {
    if (Call(*stub_, &Service::GetHold, get)->hold().state() == v1::HOLD_STATE_EXPIRED) break;
    sleeper.SleepFor(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(Call(*stub_, &Service::GetHold, get)->hold().state(), v1::HOLD_STATE_EXPIRED);
  EXPECT_EQ(Account(MemberId(1)).balances().reserved_minor(), 0);
}

TEST_F(LedgerServiceTest, AnEffectThatWasMadeIsNamedByTheTransferThatMadeIt) {
  ASSERT_THAT(Register(1), IsOk());
  ASSERT_THAT(Register(2), IsOk());
  const std::string key = "sixteen bytes 16";
  auto attempt = MakePost(TransferId(1), MemberId(1), MemberId(2), 2'000'000'000);
  attempt.set_once_key(key);
  EXPECT_EQ(Post(attempt)->code(), v1::TRANSFER_RESULT_CODE_EXCEEDS_AVAILABLE);
  attempt.set_id(TransferId(2));
  attempt.set_amount_minor(5);
  const auto made = Post(attempt);
  ASSERT_EQ(made->code(), v1::TRANSFER_RESULT_CODE_OK);
  EXPECT_EQ(made->done_by_transfer_id(), "");
  attempt.set_id(TransferId(3));
  attempt.set_include_balances(true);
  for (int tries = 0; tries < 2; ++tries) {
    const auto again = Post(attempt);
    EXPECT_EQ(again->code(), v1::TRANSFER_RESULT_CODE_ONCE_DONE);
    EXPECT_EQ(again->done_by_transfer_id(), TransferId(2));
    EXPECT_EQ(again->position(), made->position());
    EXPECT_EQ(again->moved_minor(), 5);
    EXPECT_TRUE(again->has_recorded_time());
    EXPECT_FALSE(again->has_debit_balances()) << "nothing was changed by this item";
  }
  v1::GetTransferRequest get;
  get.set_transfer_id(TransferId(2));
  EXPECT_EQ(Call(*stub_, &Service::GetTransfer, get)->transfer().request().once_key(), key);
  EXPECT_EQ(Account(MemberId(2)).balances().earned_minor(), 5);
}

TEST_F(LedgerServiceTest, StreamTransfersAnswersInOrder) {
  ASSERT_THAT(Register(1), IsOk());
  ASSERT_THAT(Register(2), IsOk());
  grpc::ClientContext context;
  PrepareCall(context, std::chrono::seconds(60), "");
  const auto stream = stub_->StreamTransfers(&context);
  constexpr int kMessages = 100;
  constexpr int kItems = 20;
  std::thread writer([&] {
    for (int message = 0; message < kMessages; ++message) {
      v1::StreamTransfersRequest request;
      for (int i = 0; i < kItems; ++i) {
        *request.add_transfers() =
            MakePost(TransferId(message * kItems + i), MemberId(1), MemberId(2), 1);
      }
      stream->Write(request);
    }
    stream->WritesDone();
  });
  int next = 0;
  int64_t last_position = 0;
  v1::StreamTransfersResponse response;
  while (stream->Read(&response)) {
    for (const auto& result : response.results()) {
      EXPECT_EQ(result.id(), TransferId(next++));
      EXPECT_EQ(result.code(), v1::TRANSFER_RESULT_CODE_OK);
      EXPECT_GT(result.position(), last_position);
      last_position = result.position();
    }
  }
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(next, kMessages * kItems);
  EXPECT_EQ(Account(MemberId(2)).balances().earned_minor(), kMessages * kItems);
}

TEST_F(LedgerServiceTest, GetTransferListTransfersAndStatementsAgree) {
  ASSERT_THAT(Register(1), IsOk());
  ASSERT_THAT(Register(2), IsOk());
  for (int i = 1; i <= 3; ++i) {
    v1::TransferRequest item = MakePost(TransferId(i), MemberId(1), MemberId(2), 10 * i);
    item.set_reference("r" + std::to_string(i));
    ASSERT_EQ(Post(item)->code(), v1::TRANSFER_RESULT_CODE_OK);
  }
  v1::GetTransferRequest get;
  get.set_transfer_id(TransferId(2));
  const auto transfer = Call(*stub_, &Service::GetTransfer, get);
  ASSERT_THAT(transfer, IsOk());
  EXPECT_EQ(transfer->transfer().request().reference(), "r2");
  EXPECT_EQ(transfer->transfer().moved_minor(), 20);
  get.set_transfer_id(TransferId(9));
  EXPECT_THAT(Call(*stub_, &Service::GetTransfer, get),
              StatusIs(absl::StatusCode::kNotFound, "TRANSFER_NOT_FOUND"));

  v1::ListTransfersRequest list;
  list.set_member_id(MemberId(2));
  list.set_page_size(2);
  EXPECT_EQ(AllPages(list, &Service::ListTransfers,
                     [](const v1::ListTransfersResponse& page) {
                       std::vector<std::string> references;
                       for (const auto& listed : page.transfers()) {
                         references.push_back(listed.request().reference());
                       }
                       return references;
                     }),
            (std::vector<std::string>{"trial", "r1", "r2", "r3"}));

  v1::ListStatementLinesRequest statement;
  statement.set_account_id(MemberId(1));
  statement.set_newest_first(true);
  statement.set_page_size(3);
  EXPECT_EQ(AllPages(statement, &Service::ListStatementLines,
                     [](const v1::ListStatementLinesResponse& page) {
                       std::vector<std::string> lines;
                       for (const auto& line : page.lines()) {
                         lines.push_back(std::to_string(line.posted_change_minor()) + " -> " +
                                         std::to_string(line.balances().posted_minor()));
                       }
                       return lines;
                     }),
            (std::vector<std::string>{"-30 -> 999999940", "-20 -> 999999970", "-10 -> 999999990",
                                      "1000000000 -> 1000000000"}));

  v1::GetBalancesRequest balances;
  balances.set_account_id(MemberId(2));
  *balances.mutable_recorded_time() = transfer->transfer().recorded_time();
  EXPECT_EQ(Call(*stub_, &Service::GetBalances, balances)->balances().earned_minor(), 30);
  *balances.mutable_effective_time() = transfer->transfer().recorded_time();
  EXPECT_EQ(Call(*stub_, &Service::GetBalances, balances)->balances().earned_minor(), 30);
}

TEST_F(LedgerServiceTest, ATotalByEffectiveTimeThatDoesNotFitIsAPreciseError) {
  constexpr int64_t kMost = 4'000'000'000'000'000'000;
  for (const int member : {1, 2}) ASSERT_THAT(Register(member), IsOk());
  ASSERT_EQ(Post(MakePost(TransferId(1), kIssuer, MemberId(1), kMost))->code(),
            v1::TRANSFER_RESULT_CODE_OK);
  // Each payment is taken back, but as of tomorrow: today it has been earned three times.
  google::protobuf::Timestamp today;
  for (int i = 10; i < 60; i += 20) {
    ASSERT_EQ(Post(MakePost(TransferId(i), MemberId(1), MemberId(2), kMost))->code(),
              v1::TRANSFER_RESULT_CODE_OK);
    v1::TransferRequest reversal;
    reversal.set_id(TransferId(i + 10));
    reversal.set_kind(v1::TRANSFER_KIND_REVERSE);
    reversal.set_target_id(TransferId(i));
    reversal.set_amount_minor(kMost);
    v1::GetTransferRequest get;
    get.set_transfer_id(TransferId(i));
    today = Call(*stub_, &Service::GetTransfer, get)->transfer().recorded_time();
    *reversal.mutable_effective_time() = today;
    reversal.mutable_effective_time()->set_seconds(today.seconds() + 86'400);
    ASSERT_EQ(Post(reversal)->code(), v1::TRANSFER_RESULT_CODE_OK);
  }
  v1::GetBalancesRequest request;
  request.set_account_id(MemberId(2));
  EXPECT_EQ(Call(*stub_, &Service::GetBalances, request)->balances().earned_minor(), 0);
  *request.mutable_effective_time() = today;
  const auto refused = Call(*stub_, &Service::GetBalances, request);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kOutOfRange, "BALANCE_OUT_OF_RANGE"));
  EXPECT_EQ(GetErrorInfo(refused.status())->metadata.at("account_id"), MemberId(2));
  // Sums of one kind do not fit here either, but what they make together does.
  request.mutable_effective_time()->set_seconds(today.seconds() + 2 * 86'400);
  EXPECT_EQ(Call(*stub_, &Service::GetBalances, request)->balances().earned_minor(), 0);
}

TEST_F(LedgerServiceTest, AnAvailableAmountByEffectiveTimeThatDoesNotFitIsAPreciseError) {
  constexpr int64_t kMost = 4'000'000'000'000'000'000;
  ASSERT_THAT(Register(1), IsOk());
  ASSERT_EQ(Post(MakePost(TransferId(1), kIssuer, MemberId(1), kMost))->code(),
            v1::TRANSFER_RESULT_CODE_OK);
  v1::GetTransferRequest get;
  get.set_transfer_id(TransferId(1));
  const auto granted = Call(*stub_, &Service::GetTransfer, get);
  ASSERT_THAT(granted, IsOk());
  // Given back as of tomorrow, granted and reserved again: today twice the amount is posted.
  v1::TransferRequest back = MakePost(TransferId(2), MemberId(1), kIssuer, kMost);
  *back.mutable_effective_time() = granted->transfer().recorded_time();
  back.mutable_effective_time()->set_seconds(back.effective_time().seconds() + 86'400);
  v1::TransferRequest reserve = MakePost(TransferId(4), kIssuer, MemberId(1), kMost);
  reserve.set_kind(v1::TRANSFER_KIND_RESERVE);
  for (const auto& request :
       {back, MakePost(TransferId(3), kIssuer, MemberId(1), kMost), reserve}) {
    ASSERT_EQ(Post(request)->code(), v1::TRANSFER_RESULT_CODE_OK);
  }
  get.set_transfer_id(TransferId(4));
  v1::GetBalancesRequest request;
  *request.mutable_effective_time() =
      Call(*stub_, &Service::GetTransfer, get)->transfer().recorded_time();
  for (const std::string& account : {std::string(kIssuer), MemberId(1)}) {
    request.set_account_id(account);
    const auto refused = Call(*stub_, &Service::GetBalances, request);
    ASSERT_THAT(refused, StatusIs(absl::StatusCode::kOutOfRange, "BALANCE_OUT_OF_RANGE"));
    EXPECT_EQ(GetErrorInfo(refused.status())->metadata.at("account_id"), account);
  }
  request.mutable_effective_time()->set_seconds(request.effective_time().seconds() + 2 * 86'400);
  const auto fits = Call(*stub_, &Service::GetBalances, request);
  ASSERT_THAT(fits, IsOk());
  EXPECT_EQ(fits->balances().pending_minor(), kMost);
}

TEST_F(LedgerServiceTest, PageTokensBelongToTheirQuery) {
  ASSERT_THAT(Register(1), IsOk());
  ASSERT_THAT(Register(2), IsOk());
  v1::ListMembersRequest list;
  list.set_page_size(1);
  const std::string token = Call(*stub_, &Service::ListMembers, list)->next_page_token();
  ASSERT_FALSE(token.empty());
  for (const std::string& bad :
       {std::string("garbage"), token + "A", std::string("AAAAAAAAAAAA")}) {
    list.set_page_token(bad);
    EXPECT_THAT(Call(*stub_, &Service::ListMembers, list),
                StatusIs(absl::StatusCode::kInvalidArgument, "PAGE_TOKEN_INVALID"));
  }
  list.set_page_token(token);
  list.set_newest_first(true);
  EXPECT_THAT(Call(*stub_, &Service::ListMembers, list),
              StatusIs(absl::StatusCode::kInvalidArgument, "PAGE_TOKEN_INVALID"));
}

TEST(Roles, EveryRpcHasOne) {
  const auto* service = v1::TransferRequest::descriptor()->file()->pool()->FindServiceByName(
      "joulebook.ledger.v1.LedgerService");
  ASSERT_NE(service, nullptr);
  const std::set<std::string> admin_rpcs = {"RecordReputationChange", "CheckBooks"};
  const std::set<std::string> issuer_rpcs = {"RegisterMember", "SetAccountState"};
  for (int i = 0; i < service->method_count(); ++i) {
    const std::string& name = service->method(i)->name();
    EXPECT_EQ(RoleOf(name) == Role::kAdmin, admin_rpcs.contains(name)) << name;
    EXPECT_EQ(RoleOf(name) == Role::kIssuer, issuer_rpcs.contains(name)) << name;
    const bool reads =
        name.starts_with("Get") || name.starts_with("List") || name.starts_with("Watch");
    EXPECT_EQ(RoleOf(name) == Role::kReader, reads) << name;
  }
  EXPECT_EQ(RoleOf("Unknown"), Role::kAdmin);
}

}  // namespace
}  // namespace joulebook::ledger
