// Pages of the ledger lose no row: whatever is numbered is numbered under the book's lock, so
// nothing gets a place while another writer has it, however long that one takes.

#include <pqxx/pqxx>

#include "common/rpc/page_token.h"
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
  // Reads the log from after that position to its end, whose position it gives: no gaps.
  int64_t ReadLog(int64_t after) {
    v1::ListLogRecordsRequest list;
    for (;;) {
      list.set_after_position(after);
      const auto page = Call(*stub_, &Service::ListLogRecords, list);
      EXPECT_THAT(page, IsOk());
      if (!page.ok() || page->records().empty()) return after;
      for (const auto& record : page->records()) EXPECT_EQ(record.position(), ++after);
    }
  }
  // The last digits of what the watch shows of those listed, up to this one.
  static std::string Watched(grpc::ClientReaderInterface<v1::WatchTransfersResponse>& watch,
                             const std::string& last_id) {
    std::string watched;
    v1::WatchTransfersResponse page;
    while (watch.Read(&page)) {
      for (const auto& transfer : page.transfers()) {
        if (transfer.request().reference() != "listed") continue;
        watched += transfer.request().id().back();
        if (transfer.request().id() == last_id) return watched;
      }
    }
    return watched;
  }

  // Whether each token that leads nowhere is refused: text, what an earlier page of another query
  // ended with, and what somebody made of a key that no row has.
  template <typename Request, typename Response>
  void ExpectTokensRefused(grpc::Status (Service::*method)(grpc::ClientContext*, const Request&,
                                                           Response*),
                           Request request) {
    for (const std::string& token :
         {std::string("x"), MakePageToken("1", v1::GetHoldRequest()), MakePageToken("", request),
          MakePageToken("no key", request), MakePageToken("99999999999999999999", request)}) {
      request.set_page_token(token);
      EXPECT_THAT(Call(*stub_, method, request),
                  StatusIs(absl::StatusCode::kInvalidArgument, "PAGE_TOKEN_INVALID"))
          << Request::descriptor()->name() << " " << token;
    }
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
  int64_t log_end = 0;
  grpc::ClientContext context;
  PrepareCall(context, std::chrono::seconds(60), "");
  const auto watch = stub_->WatchTransfers(&context, {});
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
    log_end = ReadLog(0);
    EXPECT_EQ(Watched(*watch, TransferId(1)), "1");
    paused.commit();
  }
  ASSERT_THAT(Call(*stub_, &Service::RegisterMember, Registration(2)), IsOk());
  ASSERT_THAT(Call(*stub_, &Service::RecordReputationChange, Change(2)), IsOk());
  ASSERT_THAT(Post(Listed(2)), IsOk());
  ASSERT_THAT(Call(*stub_, &Service::CreateAccount, Opening(8)), IsOk());
  EXPECT_EQ(Members() + " " + Changes() + " " + Transfers() + " " + Lines(), "12 12 12 12");
  EXPECT_EQ(Accounts(), "1928") << "in the order of opening, not of ids";
  EXPECT_EQ(ReadLog(log_end), log_end + 6) << "a member, its account and grant, and the others";
  EXPECT_EQ(Watched(*watch, TransferId(2)), "2");
}

TEST_F(ListsTest, ATokenThatLeadsNowhereIsRefused) {
  StartService();
  ASSERT_THAT(Register(1), IsOk());
  ExpectTokensRefused(&Service::ListMembers, v1::ListMembersRequest());
  ExpectTokensRefused(&Service::ListAccounts, v1::ListAccountsRequest());
  ExpectTokensRefused(&Service::ListTransfers, v1::ListTransfersRequest());
  v1::ListReputationChangesRequest changes;
  changes.set_member_id(MemberId(1));
  ExpectTokensRefused(&Service::ListReputationChanges, changes);
  v1::ListStatementLinesRequest lines;
  lines.set_account_id(MemberId(1));
  ExpectTokensRefused(&Service::ListStatementLines, lines);
}

// Else a client that goes on from it would begin again, and never end.
TEST_F(ListsTest, ATokenOfAnAccountThatIsGoneIsRefused) {
  StartService();
  ASSERT_THAT(Register(1), IsOk());
  ASSERT_THAT(Call(*stub_, &Service::CreateAccount, Opening(2)), IsOk());
  v1::ListAccountsRequest list;
  list.set_page_size(2);
  const auto page = Call(*stub_, &Service::ListAccounts, list);
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->accounts(1).id(), MemberId(1));
  list.set_page_token(page->next_page_token());
  EXPECT_EQ(Call(*stub_, &Service::ListAccounts, list)->accounts_size(), 1);
  ASSERT_THAT(RunCommand({"psql", "-q", "-X", "-d", AsSuperuser(connection_), "-c",
                          "SET session_replication_role = replica; DELETE FROM ledger.accounts "
                          "WHERE id = '" +
                              MemberId(1) + "'"}),
              IsOk());
  EXPECT_THAT(Call(*stub_, &Service::ListAccounts, list),
              StatusIs(absl::StatusCode::kInvalidArgument, "PAGE_TOKEN_INVALID"));
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
