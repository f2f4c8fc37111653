// Pages of the ledger lose no row: whatever is numbered is numbered under the book's lock, so
// nothing gets a place while another writer has it, however long that one takes.

#include <pqxx/pqxx>

#include "tests/integration/many_refusals.h"
#include "tests/integration/service_fixture.h"

namespace joulebook::ledger {
namespace {

class ListsTest : public ServiceTest {
 protected:
  static constexpr Duration kMoment = std::chrono::milliseconds(500);

  static v1::RegisterMemberRequest Registration(int number) {
    v1::RegisterMemberRequest request;
    request.set_member_id(MemberId(number));
    return request;
  }
  static v1::RecordReputationChangeRequest Change(int number) {
    v1::RecordReputationChangeRequest request;
    request.set_change_id(TestId(4, number));
    request.set_member_id(MemberId(1));
    request.set_cause(v1::REPUTATION_CAUSE_CORRECTION);
    request.set_quality_ppm(number);
    return request;
  }

  // The last digits of the ids that `id_of` finds in the rows, page by page.
  template <typename Request, typename Response, typename Row>
  std::string Walk(grpc::Status (Service::*method)(grpc::ClientContext*, const Request&, Response*),
                   Request request,
                   const google::protobuf::RepeatedPtrField<Row>& (Response::*rows)() const,
                   const std::string& (*id_of)(const Row&)) {
    std::string walked;
    request.set_page_size(1);
    do {
      const auto page = Call(*stub_, method, request);
      EXPECT_THAT(page, IsOk());
      if (!page.ok()) return walked;
      for (const Row& row : (*page.*rows)()) walked += id_of(row).back();
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return walked;
  }

  std::string Members() {
    return Walk<v1::ListMembersRequest, v1::ListMembersResponse, v1::Member>(
        &Service::ListMembers, {}, &v1::ListMembersResponse::members,
        [](const v1::Member& member) -> const std::string& { return member.id(); });
  }
  std::string Changes() {
    v1::ListReputationChangesRequest list;
    list.set_member_id(MemberId(1));
    return Walk<v1::ListReputationChangesRequest, v1::ListReputationChangesResponse,
                v1::ReputationChange>(&Service::ListReputationChanges, list,
                                      &v1::ListReputationChangesResponse::changes,
                                      [](const v1::ReputationChange& change) -> const std::string& {
                                        return change.request().change_id();
                                      });
  }
  // Without the issuer.
  std::string Accounts() {
    return Walk<v1::ListAccountsRequest, v1::ListAccountsResponse, v1::Account>(
               &Service::ListAccounts, {}, &v1::ListAccountsResponse::accounts,
               [](const v1::Account& account) -> const std::string& { return account.id(); })
        .substr(1);
  }
  static v1::CreateAccountRequest Opening(int number) {
    v1::CreateAccountRequest request;
    request.set_account_id(TestId(0, number));
    request.set_owner_member_id(MemberId(1));
    request.set_asset_code("KWH");
    request.set_role(v1::ACCOUNT_ROLE_PROVIDER);
    return request;
  }
  std::string Transfers() {
    v1::ListTransfersRequest list;
    list.set_reference("listed");
    return Walk<v1::ListTransfersRequest, v1::ListTransfersResponse, v1::Transfer>(
        &Service::ListTransfers, list, &v1::ListTransfersResponse::transfers,
        [](const v1::Transfer& transfer) -> const std::string& { return transfer.request().id(); });
  }
  // Without the grant that a member begins with.
  std::string Lines() {
    v1::ListStatementLinesRequest list;
    list.set_account_id(MemberId(1));
    return Walk<v1::ListStatementLinesRequest, v1::ListStatementLinesResponse, v1::StatementLine>(
               &Service::ListStatementLines, list, &v1::ListStatementLinesResponse::lines,
               [](const v1::StatementLine& line) -> const std::string& {
                 return line.transfer().request().id();
               })
        .substr(1);
  }
  static v1::TransferRequest Listed(int number) {
    v1::TransferRequest request = MakePost(TransferId(number), kIssuer, MemberId(1), 10);
    request.set_reference("listed");
    return request;
  }
};

TEST_F(ListsTest, NoPageLosesARowOfAWriterThatWasPaused) {
  StartService();
  ASSERT_THAT(Call(*stub_, &Service::RegisterMember, Registration(1)), IsOk());
  ASSERT_THAT(Call(*stub_, &Service::RecordReputationChange, Change(1)), IsOk());
  ASSERT_THAT(Post(Listed(1)), IsOk());
  ASSERT_THAT(Call(*stub_, &Service::CreateAccount, Opening(9)), IsOk());
  pqxx::connection session(connection_);
  {
    pqxx::work paused(session);
    paused.exec("SELECT last_position FROM ledger.book FOR UPDATE");
    const auto waits = [](const absl::Status& status) {
      EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
    };
    waits(Call(*stub_, &Service::RegisterMember, Registration(2), "", kMoment).status());
    waits(Call(*stub_, &Service::RecordReputationChange, Change(2), "", kMoment).status());
    waits(Call(*stub_, &Service::PostTransfers, OneItem(Listed(2)), "", kMoment).status());
    waits(Call(*stub_, &Service::CreateAccount, Opening(8), "", kMoment).status());
    EXPECT_EQ(Members() + " " + Changes() + " " + Transfers() + " " + Lines(), "1 1 1 1");
    EXPECT_EQ(Accounts(), "19");
    paused.commit();
  }
  ASSERT_THAT(Call(*stub_, &Service::RegisterMember, Registration(2)), IsOk());
  ASSERT_THAT(Call(*stub_, &Service::RecordReputationChange, Change(2)), IsOk());
  ASSERT_THAT(Post(Listed(2)), IsOk());
  ASSERT_THAT(Call(*stub_, &Service::CreateAccount, Opening(8)), IsOk());
  EXPECT_EQ(Members() + " " + Changes() + " " + Transfers() + " " + Lines(), "12 12 12 12");
  EXPECT_EQ(Accounts(), "1928") << "in the order of opening, not of ids";
}

TEST_F(ListsTest, ListsAndWatchesGetPastManyRefusals) {
  StartService();
  ASSERT_THAT(Call(*stub_, &Service::RegisterMember, Registration(1)), IsOk());
  ASSERT_THAT(Post(Listed(1)), IsOk());
  const auto refused = Post(MakePost(TransferId(2), MemberId(1), kIssuer, INT64_MAX));
  ASSERT_THAT(refused, IsOk());
  ASSERT_EQ(refused->code(), v1::TRANSFER_RESULT_CODE_EXCEEDS_AVAILABLE);
  {
    pqxx::connection session(connection_);
    pqxx::work work(session);
    work.exec(RepeatLastRefusal(35'000));
    work.commit();
  }
  ASSERT_THAT(Post(Listed(3)), IsOk());

  v1::ListTransfersRequest list;
  const auto walk = [&] {
    return Walk<v1::ListTransfersRequest, v1::ListTransfersResponse, v1::Transfer>(
        &Service::ListTransfers, list, &v1::ListTransfersResponse::transfers,
        [](const v1::Transfer& transfer) -> const std::string& {
          return transfer.request().reference();
        });
  };
  EXPECT_EQ(walk(), "ldd") << "trial, listed, listed";
  list.set_newest_first(true);
  EXPECT_EQ(walk(), "ddl");

  grpc::ClientContext context;
  PrepareCall(context, std::chrono::seconds(60), "");
  const auto watch = stub_->WatchTransfers(&context, {});
  std::vector<std::string> seen;
  v1::WatchTransfersResponse page;
  while (seen.size() < 3 && watch->Read(&page)) {
    for (const auto& transfer : page.transfers()) seen.push_back(transfer.request().reference());
  }
  context.TryCancel();
  EXPECT_EQ(seen, (std::vector<std::string>{"trial", "listed", "listed"}));
}

}  // namespace
}  // namespace joulebook::ledger
