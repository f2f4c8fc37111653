#include "services/ledger/rpc/ledger_service.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "common/rpc/page_token.h"
#include "services/ledger/domain/errors.h"
#include "services/ledger/domain/limits.h"
#include "services/ledger/rpc/boundary.h"
#include "services/ledger/rpc/convert.h"
#include "services/ledger/rpc/convert_log.h"
#include "services/ledger/rpc/convert_transfer.h"
#include "services/ledger/rpc/roles.h"

namespace joulebook::ledger {
namespace {

// Records in one answer, and bytes after which it takes no more: a record has less than 20 KiB, and
// a client takes 4 MiB if it says nothing else.
constexpr int kLogPage = 500;
constexpr std::size_t kLogPageBytes = std::size_t{3} << 20;

// The page that `request` asks for, in a listing by number (position, sequence, ...). One row more
// than asked for says whether there is a next page.
template <typename Request>
absl::StatusOr<Page> ParsePage(const Request& request) {
  Page page;
  JB_ASSIGN_OR_RETURN(const int size, ParsePageSize(request.page_size(), kErrorDomain));
  JB_ASSIGN_OR_RETURN(page.after,
                      ParseNumberToken(request.page_token(), QueryOf(request), kErrorDomain));
  page.limit = size + 1;
  page.newest_first = request.newest_first();
  return page;
}

// Adds a row to the list of a response.
template <typename Row, typename Response, typename Item>
auto AddTo(Response& response, Item* (Response::*add)()) {
  return [&response, add](const Row& row) -> const Item& {
    Item& item = *(response.*add)();
    ToProto(row, item);
    return item;
  };
}

std::string PositionKey(const TransferRecord& record) { return std::to_string(record.position); }

// Sizes and positions of the log; 0 has a meaning of its own for each.
absl::Status CheckNotNegative(std::string_view field, int64_t value) {
  return value >= 0 ? absl::OkStatus() : FieldInvalid(field, "must not be negative");
}

absl::Status NotFoundUnless(bool found, std::string_view what, const Uuid& id) {
  return found ? absl::OkStatus() : NotFound(what, id);
}

}  // namespace

LedgerServiceImpl::LedgerServiceImpl(const Dependencies& dependencies)
    : deps_(dependencies),
      calls_({deps_.gate, LedgerBoundary(), RoleOf, deps_.read_executor, deps_.read_queue,
              deps_.longest_call}),
      writes_({deps_.gate, LedgerBoundary(), RoleOf, deps_.write_executor, deps_.write_queue,
               deps_.longest_call, "writing calls"}),
      streams_(LedgerBoundary(), {"transfer streams", deps_.transfer_streams, deps_.unread},
               deps_.clock, deps_.timers) {}

void LedgerServiceImpl::BeginDrain() {
  calls_.BeginDrain();
  writes_.BeginDrain();
  streams_.Drain();
  deps_.watches.Drain();
  deps_.books_checks.Drain();
}

LedgerServiceImpl::Reactor* LedgerServiceImpl::ListAssets(Context* context,
                                                          const v1::ListAssetsRequest* request,
                                                          v1::ListAssetsResponse* response) {
  return calls_.Run(context, "ListAssets", *request,
                    [=, this](const Identity&, Duration left) -> absl::Status {
                      JB_ASSIGN_OR_RETURN(const auto assets, deps_.store.ListAssets(left));
                      for (const Asset& asset : assets) ToProto(asset, *response->add_assets());
                      return absl::OkStatus();
                    });
}

LedgerServiceImpl::Reactor* LedgerServiceImpl::RegisterMember(
    Context* context, const v1::RegisterMemberRequest* request,
    v1::RegisterMemberResponse* response) {
  return writes_.Run(context, "RegisterMember", *request,
                     [=, this](const Identity&, Duration left) -> absl::Status {
                       JB_ASSIGN_OR_RETURN(const auto command, FromProto(*request));
                       JB_ASSIGN_OR_RETURN(const auto registered,
                                           deps_.writer.RegisterMember(command, left));
                       ToProto(registered.value, *response->mutable_member());
                       response->set_registered_now(registered.is_new);
                       return absl::OkStatus();
                     });
}

LedgerServiceImpl::Reactor* LedgerServiceImpl::GetMember(Context* context,
                                                         const v1::GetMemberRequest* request,
                                                         v1::GetMemberResponse* response) {
  return calls_.Run(
      context, "GetMember", *request, [=, this](const Identity&, Duration left) -> absl::Status {
        JB_ASSIGN_OR_RETURN(const Uuid id, ParseId("member_id", request->member_id()));
        JB_ASSIGN_OR_RETURN(const auto member, deps_.store.FindMember(id, left));
        JB_RETURN_IF_ERROR(NotFoundUnless(member.has_value(), "member", id));
        ToProto(*member, *response->mutable_member());
        return absl::OkStatus();
      });
}

LedgerServiceImpl::Reactor* LedgerServiceImpl::ListMembers(Context* context,
                                                           const v1::ListMembersRequest* request,
                                                           v1::ListMembersResponse* response) {
  return calls_.Run(context, "ListMembers", *request,
                    [=, this](const Identity&, Duration left) -> absl::Status {
                      JB_ASSIGN_OR_RETURN(const Page page, ParsePage(*request));
                      JB_ASSIGN_OR_RETURN(auto members, deps_.store.ListMembers(page, left));
                      response->set_next_page_token(FillPage(
                          members, page.limit, *request,
                          [](const Member& member) { return std::to_string(member.number); },
                          AddTo<Member>(*response, &v1::ListMembersResponse::add_members)));
                      return absl::OkStatus();
                    });
}

LedgerServiceImpl::Reactor* LedgerServiceImpl::RecordReputationChange(
    Context* context, const v1::RecordReputationChangeRequest* request,
    v1::RecordReputationChangeResponse* response) {
  return writes_.Run(context, "RecordReputationChange", *request,
                     [=, this](const Identity&, Duration left) -> absl::Status {
                       JB_ASSIGN_OR_RETURN(const auto command, FromProto(*request));
                       JB_ASSIGN_OR_RETURN(const auto change,
                                           deps_.writer.RecordReputationChange(command, left));
                       ToProto(change, *response->mutable_change());
                       return absl::OkStatus();
                     });
}

LedgerServiceImpl::Reactor* LedgerServiceImpl::ListReputationChanges(
    Context* context, const v1::ListReputationChangesRequest* request,
    v1::ListReputationChangesResponse* response) {
  return calls_.Run(
      context, "ListReputationChanges", *request,
      [=, this](const Identity&, Duration left) -> absl::Status {
        JB_ASSIGN_OR_RETURN(const Uuid member, ParseId("member_id", request->member_id()));
        JB_ASSIGN_OR_RETURN(const Page page, ParsePage(*request));
        JB_ASSIGN_OR_RETURN(auto changes, deps_.store.ListReputationChanges(member, page, left));
        response->set_next_page_token(FillPage(
            changes, page.limit, *request,
            [](const ReputationChange& change) { return std::to_string(change.sequence); },
            AddTo<ReputationChange>(*response, &v1::ListReputationChangesResponse::add_changes)));
        return absl::OkStatus();
      });
}

LedgerServiceImpl::Reactor* LedgerServiceImpl::CreateAccount(
    Context* context, const v1::CreateAccountRequest* request,
    v1::CreateAccountResponse* response) {
  return writes_.Run(context, "CreateAccount", *request,
                     [=, this](const Identity& identity, Duration left) -> absl::Status {
                       JB_ASSIGN_OR_RETURN(const auto command, FromProto(*request));
                       if (NeedsAdmin(command)) {
                         JB_RETURN_IF_ERROR(CheckRole(identity, Role::kAdmin, kErrorDomain));
                       }
                       if (NeedsIssuer(command)) {
                         JB_RETURN_IF_ERROR(CheckRole(identity, Role::kIssuer, kErrorDomain));
                       }
                       JB_ASSIGN_OR_RETURN(const auto created,
                                           deps_.writer.CreateAccount(command, left));
                       ToProto(created.value, *response->mutable_account());
                       response->set_created_now(created.is_new);
                       return absl::OkStatus();
                     });
}

LedgerServiceImpl::Reactor* LedgerServiceImpl::GetAccount(Context* context,
                                                          const v1::GetAccountRequest* request,
                                                          v1::GetAccountResponse* response) {
  return calls_.Run(
      context, "GetAccount", *request, [=, this](const Identity&, Duration left) -> absl::Status {
        JB_ASSIGN_OR_RETURN(const Uuid id, ParseId("account_id", request->account_id()));
        JB_ASSIGN_OR_RETURN(const auto account, deps_.store.FindAccount(id, left));
        JB_RETURN_IF_ERROR(NotFoundUnless(account.has_value(), "account", id));
        ToProto(*account, *response->mutable_account());
        return absl::OkStatus();
      });
}

LedgerServiceImpl::Reactor* LedgerServiceImpl::ListAccounts(Context* context,
                                                            const v1::ListAccountsRequest* request,
                                                            v1::ListAccountsResponse* response) {
  return calls_.Run(
      context, "ListAccounts", *request, [=, this](const Identity&, Duration left) -> absl::Status {
        JB_ASSIGN_OR_RETURN(const auto owner,
                            ParseOptionalId("owner_member_id", request->owner_member_id()));
        JB_ASSIGN_OR_RETURN(const int size, ParsePageSize(request->page_size(), kErrorDomain));
        JB_ASSIGN_OR_RETURN(const auto after,
                            ParseIdToken(request->page_token(), QueryOf(*request), kErrorDomain));
        if (after.has_value()) {  // of before a restore, the account may never have been opened
          JB_ASSIGN_OR_RETURN(const auto last, deps_.store.FindAccount(*after, left));
          if (!last.has_value()) return PageTokenInvalid(kErrorDomain);
        }
        JB_ASSIGN_OR_RETURN(auto accounts, deps_.store.ListAccounts(owner, after, size + 1, left));
        response->set_next_page_token(FillPage(
            accounts, size + 1, *request,
            [](const Account& account) { return account.id.ToString(); },
            AddTo<Account>(*response, &v1::ListAccountsResponse::add_accounts)));
        return absl::OkStatus();
      });
}

LedgerServiceImpl::Reactor* LedgerServiceImpl::SetAccountState(
    Context* context, const v1::SetAccountStateRequest* request,
    v1::SetAccountStateResponse* response) {
  return writes_.Run(
      context, "SetAccountState", *request,
      [=, this](const Identity&, Duration left) -> absl::Status {
        JB_ASSIGN_OR_RETURN(const Uuid id, ParseId("account_id", request->account_id()));
        if (!v1::AccountState_IsValid(request->state()) ||
            request->state() == v1::ACCOUNT_STATE_UNSPECIFIED) {
          return FieldInvalid("state", "must be a known state");
        }
        JB_ASSIGN_OR_RETURN(
            const Account account,
            deps_.writer.SetAccountState(id, static_cast<AccountState>(request->state()), left));
        ToProto(account, *response->mutable_account());
        return absl::OkStatus();
      });
}

LedgerServiceImpl::Reactor* LedgerServiceImpl::GetBalances(Context* context,
                                                           const v1::GetBalancesRequest* request,
                                                           v1::GetBalancesResponse* response) {
  return calls_.Run(
      context, "GetBalances", *request, [=, this](const Identity&, Duration left) -> absl::Status {
        JB_ASSIGN_OR_RETURN(const Uuid id, ParseId("account_id", request->account_id()));
        JB_ASSIGN_OR_RETURN(const auto account, deps_.store.FindAccount(id, left));
        JB_RETURN_IF_ERROR(NotFoundUnless(account.has_value(), "account", id));
        Balances balances = account->balances;
        if (request->has_recorded_time()) {
          JB_ASSIGN_OR_RETURN(const Time at, ParseTime("recorded_time", request->recorded_time()));
          JB_ASSIGN_OR_RETURN(balances, deps_.store.BalancesAtRecorded(id, at, left));
        } else if (request->has_effective_time()) {
          JB_ASSIGN_OR_RETURN(const Time at,
                              ParseTime("effective_time", request->effective_time()));
          JB_ASSIGN_OR_RETURN(balances, deps_.store.BalancesAtEffective(id, at, left));
        }
        ToProto(balances, *response->mutable_balances());
        return absl::OkStatus();
      });
}

template <typename Request, typename Response>
absl::Status LedgerServiceImpl::Submit(const Identity& caller, const Request& request,
                                       Response& response, Duration deadline,
                                       std::function<void(const absl::Status&)> done) {
  const auto count = static_cast<std::size_t>(request.transfers_size());
  JB_RETURN_IF_ERROR(LedgerBoundary().CheckItems(count, kMaxBatchItems));
  return deps_.committer.SubmitTransfers(
      ToItems(request.transfers(), deps_.is_signed_quote, caller.roles.Has(Role::kIssuer)),
      request.ByteSizeLong(), deadline,
      [&request, &response,
       done = std::move(done)](const absl::StatusOr<std::vector<TransferOutcome>>& outcomes) {
        if (outcomes.ok()) ToProto(request.transfers(), *outcomes, *response.mutable_results());
        done(outcomes.status());
      });
}

LedgerServiceImpl::Reactor* LedgerServiceImpl::PostTransfers(
    Context* context, const v1::PostTransfersRequest* request,
    v1::PostTransfersResponse* response) {
  Reactor* const reactor = context->DefaultReactor();
  const auto finish = [reactor](const absl::Status& status) {
    reactor->Finish(LedgerBoundary().Finish("PostTransfers", status));
  };
  const auto caller = calls_.Admit(*context, "PostTransfers");
  absl::Status status = caller.status();
  if (status.ok()) {
    const Duration left = TimeLeft(*context, deps_.longest_call);
    status = Submit(*caller, *request, *response, deps_.clock.MonotonicNow() + left, finish);
  }
  if (!status.ok()) finish(status);
  return reactor;
}

LedgerServiceImpl::StreamReactor* LedgerServiceImpl::StreamTransfers(Context* context) {
  const Duration deadline = deps_.clock.MonotonicNow() + TimeLeft(*context, std::chrono::hours(24));
  constexpr std::string_view kMethod = "StreamTransfers";
  const auto admission = calls_.AdmitLong(*context, kMethod);
  return streams_.Open(
      *context, kMethod, admission,
      [this, deadline, admission](const v1::StreamTransfersRequest& request,
                                  v1::StreamTransfersResponse& response, auto done) {
        return Submit(admission->identity(), request, response, deadline, std::move(done));
      });
}

LedgerServiceImpl::Reactor* LedgerServiceImpl::GetTransfer(Context* context,
                                                           const v1::GetTransferRequest* request,
                                                           v1::GetTransferResponse* response) {
  return calls_.Run(
      context, "GetTransfer", *request, [=, this](const Identity&, Duration left) -> absl::Status {
        JB_ASSIGN_OR_RETURN(const Uuid id, ParseId("transfer_id", request->transfer_id()));
        JB_ASSIGN_OR_RETURN(const auto record, deps_.store.FindTransfer(id, left));
        JB_RETURN_IF_ERROR(NotFoundUnless(record.has_value(), "transfer", id));
        ToProto(*record, *response->mutable_transfer());
        return absl::OkStatus();
      });
}

LedgerServiceImpl::Reactor* LedgerServiceImpl::ListTransfers(
    Context* context, const v1::ListTransfersRequest* request,
    v1::ListTransfersResponse* response) {
  return calls_.Run(
      context, "ListTransfers", *request,
      [=, this](const Identity&, Duration left) -> absl::Status {
        JB_ASSIGN_OR_RETURN(const auto filter, FromProto(*request));
        JB_ASSIGN_OR_RETURN(const Page page, ParsePage(*request));
        JB_ASSIGN_OR_RETURN(const auto listed, deps_.store.ListTransfers(filter, page, left));
        std::string next =
            FillPage(listed.transfers, page.limit, *request, PositionKey,
                     AddTo<TransferRecord>(*response, &v1::ListTransfersResponse::add_transfers));
        if (next.empty() && listed.read_to.has_value()) {
          next = MakePageToken(std::to_string(*listed.read_to), QueryOf(*request));
        }
        response->set_next_page_token(next);
        return absl::OkStatus();
      });
}

LedgerServiceImpl::Reactor* LedgerServiceImpl::ListStatementLines(
    Context* context, const v1::ListStatementLinesRequest* request,
    v1::ListStatementLinesResponse* response) {
  return calls_.Run(
      context, "ListStatementLines", *request,
      [=, this](const Identity&, Duration left) -> absl::Status {
        JB_ASSIGN_OR_RETURN(const auto filter, FromProto(*request));
        JB_ASSIGN_OR_RETURN(const Page page, ParsePage(*request));
        JB_ASSIGN_OR_RETURN(const auto account, deps_.store.FindAccount(*filter.account, left));
        JB_RETURN_IF_ERROR(NotFoundUnless(account.has_value(), "account", *filter.account));
        JB_ASSIGN_OR_RETURN(const auto listed, deps_.store.ListTransfers(filter, page, left));
        response->set_next_page_token(
            FillPage(listed.transfers, page.limit, *request, PositionKey,
                     [&](const TransferRecord& record) -> const v1::StatementLine& {
                       v1::StatementLine& line = *response->add_lines();
                       ToProto(record, *filter.account, line);
                       return line;
                     }));
        return absl::OkStatus();
      });
}

LedgerServiceImpl::Reactor* LedgerServiceImpl::GetHold(Context* context,
                                                       const v1::GetHoldRequest* request,
                                                       v1::GetHoldResponse* response) {
  return calls_.Run(context, "GetHold", *request,
                    [=, this](const Identity&, Duration left) -> absl::Status {
                      JB_ASSIGN_OR_RETURN(const Uuid id, ParseId("hold_id", request->hold_id()));
                      JB_ASSIGN_OR_RETURN(const auto hold, deps_.store.FindHold(id, left));
                      JB_RETURN_IF_ERROR(NotFoundUnless(hold.has_value(), "hold", id));
                      ToProto(*hold, *response->mutable_hold());
                      return absl::OkStatus();
                    });
}

TransferWatches::Reactor* LedgerServiceImpl::WatchTransfers(
    Context* context, const v1::WatchTransfersRequest* request) {
  auto admission = calls_.AdmitLong(*context, "WatchTransfers");
  if (admission.ok()) {
    const absl::Status valid = CheckNotNegative("after_position", request->after_position());
    if (!valid.ok()) admission = valid;
  }
  return deps_.watches.Watch(*context, request->after_position(), admission);
}

LedgerServiceImpl::Reactor* LedgerServiceImpl::GetCheckpoint(
    Context* context, const v1::GetCheckpointRequest* request,
    v1::GetCheckpointResponse* response) {
  return calls_.Run(context, "GetCheckpoint", *request,
                    [=, this](const Identity&, Duration left) -> absl::Status {
                      JB_RETURN_IF_ERROR(CheckNotNegative("tree_size", request->tree_size()));
                      JB_ASSIGN_OR_RETURN(const auto checkpoint,
                                          deps_.proofs.FindCheckpoint(request->tree_size(), left));
                      ToProto(checkpoint, *response->mutable_checkpoint());
                      return absl::OkStatus();
                    });
}

LedgerServiceImpl::Reactor* LedgerServiceImpl::GetTransferProof(
    Context* context, const v1::GetTransferProofRequest* request,
    v1::GetTransferProofResponse* response) {
  return calls_.Run(
      context, "GetTransferProof", *request,
      [=, this](const Identity&, Duration left) -> absl::Status {
        JB_ASSIGN_OR_RETURN(const Uuid id, ParseId("transfer_id", request->transfer_id()));
        JB_RETURN_IF_ERROR(CheckNotNegative("tree_size", request->tree_size()));
        JB_ASSIGN_OR_RETURN(const auto proof,
                            deps_.proofs.ProveTransfer(id, request->tree_size(), left));
        ToProto(proof, *response->mutable_proof());
        return absl::OkStatus();
      });
}

LedgerServiceImpl::Reactor* LedgerServiceImpl::GetConsistencyProof(
    Context* context, const v1::GetConsistencyProofRequest* request,
    v1::GetConsistencyProofResponse* response) {
  return calls_.Run(
      context, "GetConsistencyProof", *request,
      [=, this](const Identity&, Duration left) -> absl::Status {
        if (request->old_tree_size() <= 0) {
          return FieldInvalid("old_tree_size", "must be above 0");
        }
        JB_RETURN_IF_ERROR(CheckNotNegative("new_tree_size", request->new_tree_size()));
        JB_ASSIGN_OR_RETURN(const auto proof,
                            deps_.proofs.ProveConsistency(request->old_tree_size(),
                                                          request->new_tree_size(), left));
        ToProto(proof, *response->mutable_proof());
        return absl::OkStatus();
      });
}

LedgerServiceImpl::Reactor* LedgerServiceImpl::ListLogRecords(
    Context* context, const v1::ListLogRecordsRequest* request,
    v1::ListLogRecordsResponse* response) {
  return calls_.Run(
      context, "ListLogRecords", *request,
      [=, this](const Identity&, Duration left) -> absl::Status {
        JB_RETURN_IF_ERROR(CheckNotNegative("after_position", request->after_position()));
        JB_ASSIGN_OR_RETURN(const auto entries,
                            deps_.proofs.ReadLog(request->after_position(), kLogPage, left));
        std::size_t bytes = 0;
        for (const LogEntry& entry : entries) {
          v1::LogRecord& record = *response->add_records();
          ToProto(entry, record);
          bytes += record.ByteSizeLong();
          if (bytes >= kLogPageBytes) break;
        }
        return absl::OkStatus();
      });
}

BooksChecks::Reactor* LedgerServiceImpl::CheckBooks(Context* context,
                                                    const v1::CheckBooksRequest*) {
  return deps_.books_checks.Check(*context, TimeLeft(*context, deps_.longest_check),
                                  calls_.AdmitLong(*context, "CheckBooks"));
}

}  // namespace joulebook::ledger
