// The gRPC face of the ledger: admits the call, converts, calls one use case, converts back.
#pragma once

#include "common/rpc/call_runner.h"
#include "common/rpc/pipeline_stream.h"
#include "joulebook/ledger/v1/ledger_service.grpc.pb.h"
#include "services/ledger/engine/book_writer.h"
#include "services/ledger/engine/group_committer.h"
#include "services/ledger/engine/log_proofs.h"
#include "services/ledger/rpc/books_check_call.h"
#include "services/ledger/rpc/convert_transfer.h"
#include "services/ledger/rpc/transfer_watches.h"

namespace joulebook::ledger {

class LedgerServiceImpl final : public v1::LedgerService::CallbackService {
 public:
  // The dependencies of the service; all must outlive it.
  struct Dependencies {
    const Gate& gate;
    Store& store;
    BookWriter& writer;
    GroupCommitter& committer;
    LogProofs& proofs;
    TransferWatches& watches;
    BooksChecks& books_checks;
    QuoteCheck is_signed_quote;
    // Where calls that read wait for a thread, and, apart from them, those that wait for a commit.
    Executor& read_executor;
    std::size_t read_queue;
    Executor& write_executor;
    std::size_t write_queue;
    Clock& clock;
    Timers& timers;
    // StreamTransfers calls that may be open, and how long one may leave an answer unread.
    std::size_t transfer_streams;
    Duration unread;
    // The longest a call may take, whatever deadline it brings.
    Duration longest_call;
    // The longest a check of the books may take.
    Duration longest_check;
  };

  explicit LedgerServiceImpl(const Dependencies& dependencies);

  // New calls are refused with DRAINING, streams end after what they have in work.
  void BeginDrain();

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;
  using StreamReactor =
      grpc::ServerBidiReactor<v1::StreamTransfersRequest, v1::StreamTransfersResponse>;

  Reactor* ListAssets(Context* context, const v1::ListAssetsRequest* request,
                      v1::ListAssetsResponse* response) override;
  Reactor* RegisterMember(Context* context, const v1::RegisterMemberRequest* request,
                          v1::RegisterMemberResponse* response) override;
  Reactor* GetMember(Context* context, const v1::GetMemberRequest* request,
                     v1::GetMemberResponse* response) override;
  Reactor* ListMembers(Context* context, const v1::ListMembersRequest* request,
                       v1::ListMembersResponse* response) override;
  Reactor* RecordReputationChange(Context* context,
                                  const v1::RecordReputationChangeRequest* request,
                                  v1::RecordReputationChangeResponse* response) override;
  Reactor* ListReputationChanges(Context* context, const v1::ListReputationChangesRequest* request,
                                 v1::ListReputationChangesResponse* response) override;
  Reactor* CreateAccount(Context* context, const v1::CreateAccountRequest* request,
                         v1::CreateAccountResponse* response) override;
  Reactor* GetAccount(Context* context, const v1::GetAccountRequest* request,
                      v1::GetAccountResponse* response) override;
  Reactor* ListAccounts(Context* context, const v1::ListAccountsRequest* request,
                        v1::ListAccountsResponse* response) override;
  Reactor* SetAccountState(Context* context, const v1::SetAccountStateRequest* request,
                           v1::SetAccountStateResponse* response) override;
  Reactor* GetBalances(Context* context, const v1::GetBalancesRequest* request,
                       v1::GetBalancesResponse* response) override;
  Reactor* PostTransfers(Context* context, const v1::PostTransfersRequest* request,
                         v1::PostTransfersResponse* response) override;
  StreamReactor* StreamTransfers(Context* context) override;
  Reactor* GetTransfer(Context* context, const v1::GetTransferRequest* request,
                       v1::GetTransferResponse* response) override;
  Reactor* ListTransfers(Context* context, const v1::ListTransfersRequest* request,
                         v1::ListTransfersResponse* response) override;
  Reactor* ListStatementLines(Context* context, const v1::ListStatementLinesRequest* request,
                              v1::ListStatementLinesResponse* response) override;
  Reactor* GetHold(Context* context, const v1::GetHoldRequest* request,
                   v1::GetHoldResponse* response) override;
  TransferWatches::Reactor* WatchTransfers(Context* context,
                                           const v1::WatchTransfersRequest* request) override;
  Reactor* GetCheckpoint(Context* context, const v1::GetCheckpointRequest* request,
                         v1::GetCheckpointResponse* response) override;
  Reactor* GetTransferProof(Context* context, const v1::GetTransferProofRequest* request,
                            v1::GetTransferProofResponse* response) override;
  Reactor* GetConsistencyProof(Context* context, const v1::GetConsistencyProofRequest* request,
                               v1::GetConsistencyProofResponse* response) override;
  Reactor* ListLogRecords(Context* context, const v1::ListLogRecordsRequest* request,
                          v1::ListLogRecordsResponse* response) override;
  BooksChecks::Reactor* CheckBooks(Context* context, const v1::CheckBooksRequest* request) override;

 private:
  // Queues a batch of a caller; request and response must live until `done` is called.
  template <typename Request, typename Response>
  absl::Status Submit(const Identity& caller, const Request& request, Response& response,
                      Duration deadline, std::function<void(const absl::Status&)> done);

  const Dependencies deps_;
  CallRunner calls_;
  CallRunner writes_;
  PipelineStreams<v1::StreamTransfersRequest, v1::StreamTransfersResponse> streams_;
};

}  // namespace joulebook::ledger
