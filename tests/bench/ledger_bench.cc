// The client of `./dev bench ledger`: one workload against a running ledger; prints transfers a
// second and latencies as one JSON object.
//
//   ledger-bench --ledger HOST:PORT --workload batch|single|lone --accounts N --seconds S

#include <grpcpp/completion_queue.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <vector>

#include "absl/strings/str_format.h"
#include "common/config/settings.h"
#include "common/ids/id_generator.h"
#include "common/rpc/client.h"
#include "common/rpc/status_conversion.h"
#include "joulebook/ledger/v1/ledger_service.grpc.pb.h"

namespace joulebook {
namespace {

using ledger::v1::LedgerService;
using ledger::v1::PostTransfersRequest;
using ledger::v1::PostTransfersResponse;

struct Config {
  std::string ledger = "127.0.0.1:7101";
  std::string workload = "batch";
  int64_t accounts = 100'000;
  int64_t batch_items = 4'096;
  int64_t in_flight = 256;
  int64_t seconds = 5;
};

// The bench's accounts are inserted by its script, numbered from 1.
std::string AccountId(int64_t number) {
  return absl::StrFormat("00000000-0000-7000-9000-%012d", number);
}

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
    JB_RETURN_IF_ERROR(config_.workload == "batch"
                           ? Stream()
                           : Unary(config_.workload == "lone" ? 1 : config_.in_flight));
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

  void Fill(ledger::v1::TransferRequest& item) {
    const int64_t debit = Draw();
    const int64_t credit = debit % config_.accounts + 1;
    item.set_id(ids_.Next().ToString());
    item.set_kind(ledger::v1::TRANSFER_KIND_POST);
    item.set_debit_account_id(AccountId(debit));
    item.set_credit_account_id(AccountId(credit));
    item.set_asset_code("J");
    item.set_amount_minor(1);
    item.set_operation_type(type::v1::OPERATION_TYPE_ENERGY_TRANSFER);
  }
  int64_t Draw() {
    return static_cast<int64_t>(random_.Next() % static_cast<uint64_t>(config_.accounts)) + 1;
  }

  template <typename Results>
  absl::Status Count(const Results& results) {
    for (const auto& result : results) {
      if (result.code() != ledger::v1::TRANSFER_RESULT_CODE_OK) {
        return absl::InternalError(ledger::v1::TransferResultCode_Name(result.code()));
      }
    }
    transfers_ += results.size();
    return absl::OkStatus();
  }

  absl::Status Stream() {
    grpc::ClientContext context;
    PrepareCall(context, std::chrono::seconds(config_.seconds + 60), "");
    const auto stream = stub_->StreamTransfers(&context);
    constexpr std::size_t kUnderWay = 4;
    std::deque<Duration> sent;
    while (clock_.MonotonicNow() < end_ || !sent.empty()) {
      while (sent.size() < kUnderWay && clock_.MonotonicNow() < end_) {
        ledger::v1::StreamTransfersRequest request;
        for (int64_t i = 0; i < config_.batch_items; ++i) Fill(*request.add_transfers());
        sent.push_back(clock_.MonotonicNow());
        if (!stream->Write(request)) return FromGrpcStatus(stream->Finish());
      }
      ledger::v1::StreamTransfersResponse response;
      if (!stream->Read(&response)) return FromGrpcStatus(stream->Finish());
      latencies_.push_back(clock_.MonotonicNow() - sent.front());
      sent.pop_front();
      JB_RETURN_IF_ERROR(Count(response.results()));
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
    Fill(*call->request.add_transfers());
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
      if (status.ok()) status = Count(call->response.results());
      if (result.ok()) result = status;
      if (result.ok() && clock_.MonotonicNow() < end_) {
        StartUnary(queue);
      } else {
        --open;
      }
    }
    return result;
  }

  const Config& config_;
  SystemClock clock_;
  SeededRandom random_;
  UuidV7Generator ids_;
  const std::unique_ptr<LedgerService::Stub> stub_;
  Duration end_{};
  int64_t transfers_ = 0;
  std::vector<Duration> latencies_;
};

int Main(int argc, char** argv) {
  Config config;
  Settings settings("bench");
  settings.Text("ledger", &config.ledger, "address of the ledger");
  settings.Text("workload", &config.workload, "batch, single or lone");
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
