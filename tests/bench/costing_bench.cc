// The client of `./dev bench costing`: one workload; prints what it did a second as one number.
//
//   costing-bench --workload NAME --target HOST:PORT --seconds S
//
// echo-server: serves an empty echo until it is killed, and prints its port
// echo, quote: unary calls, many in flight, to the echo or to costing's Quote, with the same
// client:
//   bytes in, bytes out; every hundredth answer is opened and its signature checked
// batch: BatchQuote of 1 000, four in flight, the same client; quotes a second
// price, sign: in this process, prices without steps, and Ed25519 signatures
// parse, rerate: --trace FILE, lines read and parsed, and events priced twice by Rerate

#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/server_builder.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/config/settings.h"
#include "common/ids/random.h"
#include "common/rpc/client.h"
#include "common/rpc/signed_quote.h"
#include "common/rpc/status_conversion.h"
#include "joulebook/costing/v1/costing_service.pb.h"
#include "services/costing/domain/price.h"
#include "services/costing/domain/tariff_document.h"
#include "tools/metered_day/trace.h"
#include "tools/rerate/rerate.h"

namespace joulebook {
namespace {

constexpr char kQuoteMethod[] = "/joulebook.costing.v1.CostingService/Quote";
constexpr char kBatchMethod[] = "/joulebook.costing.v1.CostingService/BatchQuote";
constexpr int kBatchItems = 1'000;
constexpr int64_t kCheckEvery = 100;

struct Config {
  std::string workload = "quote";
  std::string target = "127.0.0.1:7102";
  std::string verifier_keys;
  std::string tariff;
  std::string trace;
  int64_t in_flight = 256;
  int64_t seconds = 5;
};

// Answers every call with what it was sent.
class Echo final : public grpc::CallbackGenericService {
  class Reactor final : public grpc::ServerGenericBidiReactor {
   public:
    Reactor() { StartRead(&bytes_); }
    void OnReadDone(bool ok) override {
      if (ok) StartWriteAndFinish(&bytes_, {}, grpc::Status::OK);
    }
    void OnDone() override { delete this; }

   private:
    grpc::ByteBuffer bytes_;
  };
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    return new Reactor;
  }
};

int ServeEcho() {
  Echo echo;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(&echo);
  const auto server = builder.BuildAndStart();
  std::printf("%d\n", port);
  std::fflush(stdout);
  server->Wait();
  return 0;
}

grpc::ByteBuffer ToBytes(const std::string& text) {
  const grpc::Slice slice(text);
  return {&slice, 1};
}

class Bench {
 public:
  explicit Bench(const Config& config) : config_(config) {}

  // The work done per second.
  absl::StatusOr<double> Run() {
    start_ = clock_.MonotonicNow();
    end_ = start_ + std::chrono::seconds(config_.seconds);
    if (config_.workload == "echo") return Unary("/bench.Echo/Echo", {ToBytes("")}, 1);
    if (config_.workload == "quote") return Unary(kQuoteMethod, QuoteRequests(), 1);
    if (config_.workload == "batch") return Unary(kBatchMethod, BatchRequests(), kBatchItems);
    if (config_.workload == "price") return PriceInProcess();
    if (config_.workload == "sign") return Sign();
    if (config_.workload == "parse") return Parse();
    return Rerate();
  }

 private:
  costing::v1::QuoteItem DrawItem() {
    costing::v1::QuoteItem item;
    item.set_member_id("01a1fea4-2af3-7e34-93b0-cf3db17f46ed");
    type::v1::Usage& usage = *item.mutable_usage();
    usage.set_operation_type(static_cast<type::v1::OperationType>(random_.Next() % 41 + 1));
    usage.set_data_size_bytes(static_cast<int64_t>(random_.Next() % (1 << 24)));
    usage.set_duration_s(30 * 86'400);
    usage.set_redundancy(3);
    usage.set_reputation_ppm(static_cast<int32_t>(random_.Next() % 1'000'001));
    usage.set_utility_ppm(static_cast<int32_t>(random_.Next() % 1'000'001));
    return item;
  }
  std::vector<grpc::ByteBuffer> QuoteRequests() {
    std::vector<grpc::ByteBuffer> requests;
    for (int i = 0; i < 1'024; ++i) {
      costing::v1::QuoteRequest request;
      *request.mutable_item() = DrawItem();
      requests.push_back(ToBytes(request.SerializeAsString()));
    }
    return requests;
  }
  std::vector<grpc::ByteBuffer> BatchRequests() {
    std::vector<grpc::ByteBuffer> requests;
    for (int i = 0; i < 8; ++i) {
      costing::v1::BatchQuoteRequest request;
      for (int k = 0; k < kBatchItems; ++k) *request.add_items() = DrawItem();
      requests.push_back(ToBytes(request.SerializeAsString()));
    }
    return requests;
  }

  struct UnaryCall {
    grpc::ClientContext context;
    grpc::ByteBuffer response;
    grpc::Status status;
    std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  };

  absl::StatusOr<double> Unary(const std::string& method,
                               const std::vector<grpc::ByteBuffer>& requests, int64_t each) {
    grpc::GenericStub stub(MakeChannel({.target = config_.target}));
    grpc::CompletionQueue queue;
    std::size_t next = 0;
    const auto start = [&] {
      auto call = std::make_unique<UnaryCall>();
      PrepareCall(call->context, std::chrono::seconds(60), "");
      call->reader =
          stub.PrepareUnaryCall(&call->context, method, requests[next++ % requests.size()], &queue);
      call->reader->StartCall();
      UnaryCall* const tag = call.release();
      tag->reader->Finish(&tag->response, &tag->status, tag);
    };
    const int64_t in_flight = each == 1 ? config_.in_flight : 4;
    for (int64_t i = 0; i < in_flight; ++i) start();
    int64_t done = 0;
    absl::Status result;
    for (int64_t open = in_flight; open > 0;) {
      void* tag = nullptr;
      bool ok = false;
      queue.Next(&tag, &ok);
      const std::unique_ptr<UnaryCall> call(static_cast<UnaryCall*>(tag));
      absl::Status status = FromGrpcStatus(call->status);
      if (status.ok() && done / each % kCheckEvery == 0) status = CheckAnswer(call->response);
      done += each;
      if (result.ok()) result = status;
      if (result.ok() && clock_.MonotonicNow() < end_) {
        start();
      } else {
        --open;
      }
    }
    JB_RETURN_IF_ERROR(result);
    return Rate(done);
  }

  // That a quote is signed.
  absl::Status CheckAnswer(const grpc::ByteBuffer& bytes) {
    if (config_.workload == "echo") return absl::OkStatus();
    grpc::Slice slice;
    if (!bytes.DumpToSingleSlice(&slice).ok()) return absl::InternalError("no answer");
    const std::string text(reinterpret_cast<const char*>(slice.begin()), slice.size());
    costing::v1::Quote quote;
    if (config_.workload == "batch") {
      costing::v1::BatchQuoteResponse response;
      if (!response.ParseFromString(text) || response.results_size() != kBatchItems) {
        return absl::InternalError("no batch of quotes");
      }
      quote = response.results(kBatchItems / 2).quote();
    } else {
      costing::v1::QuoteResponse response;
      if (!response.ParseFromString(text)) return absl::InternalError("no quote");
      quote = response.quote();
    }
    JB_ASSIGN_OR_RETURN(auto keys, ParseVerifiers(config_.verifier_keys));
    BatchVerifier verifier(kQuoteContext, std::move(keys));
    const auto proof = ProofOf(quote.signed_quote());
    if (!proof.has_value() || !verifier.Verify(quote.signed_quote().terms(), *proof) ||
        !quote.has_bill()) {
      return absl::InternalError("the quote is not signed, or has no bill");
    }
    return absl::OkStatus();
  }

  absl::StatusOr<double> PriceInProcess() {
    std::ifstream file(config_.tariff);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    JB_ASSIGN_OR_RETURN(const auto document, costing::ParseTariff(text, absl::LoadTimeZone));
    std::vector<costing::Usage> usages(4'096);
    for (costing::Usage& usage : usages) {
      usage.operation = static_cast<int32_t>(random_.Next() % 41 + 1);
      usage.size_bytes = static_cast<int64_t>(random_.Next() % (1 << 24));
      usage.duration_s = 30 * 86'400;
      usage.copies = 3;
      usage.reputation_ppm = static_cast<int32_t>(random_.Next() % 1'000'001);
      usage.at = Time(std::chrono::seconds(1'767'225'600 + random_.Next() % 31'536'000));
    }
    int64_t done = 0;
    int64_t sum = 0;
    start_ = clock_.MonotonicNow();
    while (clock_.MonotonicNow() < end_) {
      for (const costing::Usage& usage : usages) {
        JB_ASSIGN_OR_RETURN(const auto totals, costing::PriceWithoutSteps(document.tariff, usage));
        sum += totals.total;
      }
      done += static_cast<int64_t>(usages.size());
    }
    if (sum == 0) return absl::InternalError("nothing was priced");
    return Rate(done);
  }

  absl::StatusOr<double> Sign() {
    JB_ASSIGN_OR_RETURN(const auto signer,
                        NoteSigner::Make("bench", std::string(kEd25519SeedSize, 'b')));
    std::string message(256, 'm');
    int64_t done = 0;
    start_ = clock_.MonotonicNow();
    while (clock_.MonotonicNow() < end_) {
      for (int i = 0; i < 64; ++i) message[static_cast<std::size_t>(i)] = signer.Sign(message)[0];
      done += 64;
    }
    return Rate(done);
  }

  absl::StatusOr<double> Parse() {
    int64_t done = 0;
    std::ifstream file(config_.trace);
    start_ = clock_.MonotonicNow();
    JB_RETURN_IF_ERROR(metered_day::VisitTrace(file, [&done](metered_day::Usage&) {
      ++done;
      return absl::OkStatus();
    }));
    return Rate(done);
  }

  absl::StatusOr<double> Rerate() {
    rerate::Options options{.channel = {.target = config_.target}};
    JB_ASSIGN_OR_RETURN(options.before, rerate::ParseSelector("constants:1"));
    JB_ASSIGN_OR_RETURN(options.after, rerate::ParseSelector("block_table:1"));
    std::ifstream file(config_.trace);
    start_ = clock_.MonotonicNow();
    JB_ASSIGN_OR_RETURN(const auto totals, rerate::Rerate(options, file));
    return Rate(totals.all().events());
  }

  double Rate(int64_t done) {
    return static_cast<double>(done) /
           std::chrono::duration<double>(clock_.MonotonicNow() - start_).count();
  }

  const Config& config_;
  SystemClock clock_;
  SeededRandom random_{42};
  Duration start_{};
  Duration end_{};
};

int Main(int argc, char** argv) {
  // As in the server: gRPC's own locks pay for deadlock detection too.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  Config config;
  Settings settings("bench");
  settings.Text("workload", &config.workload, "which workload, see above");
  settings.Text("target", &config.target, "address of costing or of the echo");
  settings.Secret("verifier-keys", &config.verifier_keys, "of the quotes");
  settings.Text("tariff", &config.tariff, "JSON file of the tariff, for price");
  settings.Text("trace", &config.trace, "CSV file of usage, for parse and rerate");
  settings.Integer("in-flight", &config.in_flight, {1, 10'000}, "unary calls at once");
  settings.Integer("seconds", &config.seconds, {1, 3'600}, "how long");
  const absl::Status parsed = settings.Parse(argc, argv, environ);
  if (parsed.ok() && config.workload == "echo-server") return ServeEcho();
  const auto rate = parsed.ok() ? Bench(config).Run() : absl::StatusOr<double>(parsed);
  if (rate.ok()) {
    std::printf("%.0f\n", *rate);
    return 0;
  }
  std::fprintf(stderr, "costing-bench: %s\n", rate.status().ToString().c_str());
  return 1;
}

}  // namespace
}  // namespace joulebook

int main(int argc, char** argv) { return joulebook::Main(argc, argv); }
