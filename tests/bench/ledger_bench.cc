// The client of `./dev bench ledger`: one workload against a running ledger; prints transfers a
// second and latencies as one JSON object.
//
//   ledger-bench --ledger HOST:PORT --workload NAME --accounts N --seconds S
//
// warm: a stream that touches every account once    batch: a stream of posts over all accounts
// hot: the same, all from one account               pairs: a stream of reserves, each charged
// single: unary calls, many in flight               lone: one unary call at a time
// insert: one committed INSERT at a time, by libpq, of a transfer's row into ledger.lone of
// --database smallest: the same, of a row with nothing but its number, into ledger.smallest

#include <grpcpp/completion_queue.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "common/config/settings.h"
#include "common/db/direct_connection.h"
#include "common/ids/id_generator.h"
#include "common/rpc/client.h"
#include "common/rpc/status_conversion.h"
#include "joulebook/ledger/v1/ledger_service.grpc.pb.h"

namespace joulebook {
namespace {

using ledger::v1::LedgerService;
using ledger::v1::PostTransfersRequest;
using ledger::v1::PostTransfersResponse;
using ledger::v1::StreamTransfersRequest;

constexpr PreparedStatement kInsertRow{"insert_row", R"(
INSERT INTO ledger.lone (id, position, recorded_us, result, kind, flags, debit_id, credit_id, asset,
  operation, amount, moved, debit_posted, debit_reserved, debit_pending, debit_granted, debit_spent,
  debit_version, credit_posted, credit_reserved, credit_pending, credit_granted, credit_spent,
  credit_version, leaf_hash)
SELECT gen_random_uuid(), n, n, 1, 1, 120, $1, $2, 'J', 24, 1, 1, 0, 0, 0, 0, 0, n, 0, 0, 0, 0, 0, n,
  $3 FROM nextval('ledger.smallest_n_seq') n)"};
constexpr PreparedStatement kInsertSmallest{"insert_smallest",
                                            "INSERT INTO ledger.smallest VALUES (default)"};

struct Config {
  std::string ledger = "127.0.0.1:7101";
  std::string workload = "batch";
  std::string database;
  int64_t accounts = 100'000;
  int64_t batch_items = 4'096;
  int64_t in_flight = 256;
  int64_t seconds = 5;
};

// The bench's accounts are inserted by its script, numbered from 1.
std::string AccountId(int64_t number) {
  return absl::StrFormat("00000000-0000-7000-9000-%012d", number);
}

Uuid AccountUuid(int64_t number) { return Uuid::Parse(AccountId(number)).value_or(Uuid::Nil()); }

class Bench {
 public:
  explicit Bench(const Config& config)
      : config_(config),
        random_(42),
        ids_(clock_, random_),
        stub_(LedgerService::NewStub(MakeChannel({.target = config.ledger}))) {}

  absl::Status Run() {
    end_ = clock_.MonotonicNow() + std::chrono::seconds(config_.seconds);
    const Duration start = clock_.MonotonicNow();
    JB_RETURN_IF_ERROR(RunWorkload());
    const double seconds = std::chrono::duration<double>(clock_.MonotonicNow() - start).count();
    std::sort(latencies_.begin(), latencies_.end());
    std::printf("{\"transfers_per_s\": %.0f, \"p50_us\": %lld, \"p99_us\": %lld}\n",
                static_cast<double>(transfers_) / seconds, At(50), At(99));
    return absl::OkStatus();
  }

 private:
  long long At(std::size_t percent) const {
    if (latencies_.empty()) return 0;
    return latencies_[std::min(latencies_.size() - 1, latencies_.size() * percent / 100)].count();
  }

  absl::Status RunWorkload() {
    if (config_.workload == "insert" || config_.workload == "smallest") return Insert();
    if (config_.workload == "lone") return Unary(1);
    if (config_.workload == "single") return Unary(config_.in_flight);
    return Stream();
  }

  void Fill(ledger::v1::TransferRequest& item, int64_t debit) {
    item.set_id(ids_.Next().ToString());
    item.set_kind(ledger::v1::TRANSFER_KIND_POST);
    item.set_debit_account_id(AccountId(debit));
    item.set_credit_account_id(AccountId(debit % config_.accounts + 1));
    item.set_asset_code("J");
    item.set_amount_minor(1);
    item.set_operation_type(type::v1::OPERATION_TYPE_ENERGY_TRANSFER);
  }
  int64_t Draw() {
    return static_cast<int64_t>(random_.Next() % static_cast<uint64_t>(config_.accounts)) + 1;
  }

  // Any account but the first.
  int64_t DrawOther() { return Draw() % (config_.accounts - 1) + 2; }

  // The next message of a stream; an empty one when there is nothing to send now.
  StreamTransfersRequest NextMessage() {
    StreamTransfersRequest request;
    if (config_.workload == "pairs" && !to_charge_.empty()) {
      for (const auto& reserved : to_charge_.front().transfers()) {
        auto& charge = *request.add_transfers();
        charge.set_id(ids_.Next().ToString());
        charge.set_kind(ledger::v1::TRANSFER_KIND_CHARGE);
        charge.set_target_id(reserved.id());
        charge.set_amount_minor(1);
      }
      to_charge_.pop_front();
      return request;
    }
    if (IsOver()) return request;
    for (int64_t i = 0; i < config_.batch_items; ++i) {
      auto& item = *request.add_transfers();
      if (config_.workload == "warm") {
        Fill(item, warmed_ % config_.accounts + 1);
        warmed_ += 2;
      } else {
        Fill(item, config_.workload == "hot" ? 1 : Draw());
        if (config_.workload == "hot") item.set_credit_account_id(AccountId(DrawOther()));
        if (config_.workload == "pairs") item.set_kind(ledger::v1::TRANSFER_KIND_RESERVE);
      }
    }
    return request;
  }
  bool IsOver() {
    return config_.workload == "warm" ? warmed_ >= config_.accounts : clock_.MonotonicNow() >= end_;
  }
  // The second half of pairs counts.
  bool Counts(const StreamTransfersRequest& request) const {
    return config_.workload != "pairs" ||
           request.transfers(0).kind() == ledger::v1::TRANSFER_KIND_CHARGE;
  }

  template <typename Results>
  static absl::Status Check(const Results& results) {
    for (const auto& result : results) {
      if (result.code() != ledger::v1::TRANSFER_RESULT_CODE_OK) {
        return absl::InternalError(ledger::v1::TransferResultCode_Name(result.code()));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Stream() {
    grpc::ClientContext context;
    PrepareCall(context, std::chrono::seconds(config_.seconds + 60), "");
    const auto stream = stub_->StreamTransfers(&context);
    constexpr std::size_t kUnderWay = 4;
    std::deque<std::pair<StreamTransfersRequest, Duration>> sent;
    for (;;) {
      while (sent.size() < kUnderWay) {
        StreamTransfersRequest request = NextMessage();
        if (request.transfers().empty()) break;
        if (!stream->Write(request)) return FromGrpcStatus(stream->Finish());
        sent.emplace_back(std::move(request), clock_.MonotonicNow());
      }
      if (sent.empty()) break;
      ledger::v1::StreamTransfersResponse response;
      if (!stream->Read(&response)) return FromGrpcStatus(stream->Finish());
      StreamTransfersRequest& request = sent.front().first;
      latencies_.push_back(clock_.MonotonicNow() - sent.front().second);
      JB_RETURN_IF_ERROR(Check(response.results()));
      if (Counts(request)) {
        transfers_ += response.results_size();
      } else {
        to_charge_.push_back(std::move(request));
      }
      sent.pop_front();
    }
    stream->WritesDone();
    return FromGrpcStatus(stream->Finish());
  }

  struct UnaryCall {
    grpc::ClientContext context;
    PostTransfersRequest request;
    PostTransfersResponse response;
    grpc::Status status;
    Duration start{};
    std::unique_ptr<grpc::ClientAsyncResponseReader<PostTransfersResponse>> reader;
  };

  void StartUnary(grpc::CompletionQueue& queue) {
    auto call = std::make_unique<UnaryCall>();
    PrepareCall(call->context, std::chrono::seconds(60), "");
    Fill(*call->request.add_transfers(), Draw());
    call->start = clock_.MonotonicNow();
    call->reader = stub_->AsyncPostTransfers(&call->context, call->request, &queue);
    UnaryCall* const tag = call.release();
    tag->reader->Finish(&tag->response, &tag->status, tag);
  }

  absl::Status Unary(int64_t in_flight) {
    grpc::CompletionQueue queue;
    for (int64_t i = 0; i < in_flight; ++i) StartUnary(queue);
    absl::Status result;
    for (int64_t open = in_flight; open > 0;) {
      void* tag = nullptr;
      bool ok = false;
      queue.Next(&tag, &ok);
      const std::unique_ptr<UnaryCall> call(static_cast<UnaryCall*>(tag));
      latencies_.push_back(clock_.MonotonicNow() - call->start);
      absl::Status status = FromGrpcStatus(call->status);
      if (status.ok()) status = Check(call->response.results());
      ++transfers_;
      if (result.ok()) result = status;
      if (result.ok() && clock_.MonotonicNow() < end_) {
        StartUnary(queue);
      } else {
        --open;
      }
    }
    return result;
  }

  absl::Status Insert() {
    JB_ASSIGN_OR_RETURN(const auto connection,
                        DirectConnection::Open({.connection = config_.database}, clock_));
    const std::string leaf_hash(32, 'h');
    while (!IsOver()) {
      StatementBatch insert;
      if (config_.workload == "smallest") {
        insert.Add(kInsertSmallest);
      } else {
        BinaryRows row(3);
        row.BeginRow();
        row.Id(AccountUuid(Draw()));
        row.Id(AccountUuid(Draw()));
        row.Bytes(leaf_hash);
        insert.Add(kInsertRow, row);
      }
      const Duration start = clock_.MonotonicNow();
      JB_RETURN_IF_ERROR(connection->Run(insert, start + std::chrono::seconds(60)));
      latencies_.push_back(clock_.MonotonicNow() - start);
      ++transfers_;
    }
    return absl::OkStatus();
  }

  const Config& config_;
  SystemClock clock_;
  SeededRandom random_;
  UuidV7Generator ids_;
  const std::unique_ptr<LedgerService::Stub> stub_;
  Duration end_{};
  int64_t transfers_ = 0;
  int64_t warmed_ = 0;
  std::deque<StreamTransfersRequest> to_charge_;
  std::vector<Duration> latencies_;
};

int Main(int argc, char** argv) {
  // As in the server: gRPC's own locks pay for deadlock detection too.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  Config config;
  Settings settings("bench");
  settings.Text("ledger", &config.ledger, "address of the ledger");
  settings.Text("workload", &config.workload, "which workload, see above");
  settings.Text("database", &config.database, "PostgreSQL connection string, for insert");
  settings.Integer("accounts", &config.accounts, {2, 10'000'000}, "accounts to draw from");
  settings.Integer("batch-items", &config.batch_items, {1, 8'190}, "transfers of one message");
  settings.Integer("in-flight", &config.in_flight, {1, 10'000}, "unary calls at once");
  settings.Integer("seconds", &config.seconds, {1, 3'600}, "how long");
  absl::Status status = settings.Parse(argc, argv, environ);
  if (status.ok()) status = Bench(config).Run();
  if (!status.ok()) std::fprintf(stderr, "ledger-bench: %s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace joulebook

int main(int argc, char** argv) { return joulebook::Main(argc, argv); }
