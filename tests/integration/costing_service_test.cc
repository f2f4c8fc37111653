// Who may call what, hostile bytes, references, drain.

#include <grpcpp/generic/generic_stub.h>
#include <signal.h>

#include "common/crypto/sha256.h"
#include "joulebook/costing/v1/error_reason.pb.h"
#include "services/costing/rpc/boundary.h"
#include "services/costing/rpc/roles.h"
#include "tests/integration/costing_fixture.h"
#include "tests/integration/reference_checks.h"

namespace joulebook::costing {
namespace {

class CostingServiceTest : public CostingTest {};

TEST_F(CostingServiceTest, TokensAndRolesDecideWhoMayWhat) {
  const std::string tokens = directory_ + "/tokens";
  std::ofstream(tokens) << ToHex(Sha256("r")) << " reader never reader\n"
                        << ToHex(Sha256("w")) << " writer never writer\n"
                        << ToHex(Sha256("old")) << " admin 1000 expired\n";
  StartService({"--tokens-file", tokens});
  EXPECT_THAT(QuoteOf(StoreItem()), StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_INVALID"));
  EXPECT_THAT(QuoteOf(StoreItem(), "old"),
              StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_EXPIRED"));
  EXPECT_THAT(QuoteOf(StoreItem(), "r"),
              StatusIs(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
  EXPECT_THAT(QuoteOf(StoreItem(), "w"), IsOk());
  EXPECT_THAT(Call(*stub_, &Service::PublishTariff, v1::PublishTariffRequest(), "w"),
              StatusIs(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
  EXPECT_THAT(Call(*stub_, &Service::ListTariffs, v1::ListTariffsRequest(), "r"), IsOk());
}

TEST_F(CostingServiceTest, EveryMethodHasARole) {
  const auto* service = v1::CostingService::service_full_name();
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(service);
  ASSERT_NE(descriptor, nullptr);
  int admins = 0;
  for (int i = 0; i < descriptor->method_count(); ++i) {
    admins += RoleOf(descriptor->method(i)->name()) == Role::kAdmin;
  }
  // PublishTariff, ReportDemand, SetEarningState, GrantEntitlement, RevokeEntitlement; a forgotten
  // one counts too.
  EXPECT_EQ(admins, 5);
}

TEST_F(CostingServiceTest, HostileBytesAreRefusedAndHarmNothing) {
  StartService();
  grpc::GenericStub stub(MakeChannel({.target = costing_->address()}));
  uint32_t state = 1;
  for (int round = 0; round < 200; ++round) {
    std::string bytes(static_cast<std::size_t>(round), '\0');
    for (char& c : bytes) {
      state = state * 1'664'525 + 1'013'904'223;
      c = static_cast<char>(state >> 24);
    }
    grpc::ClientContext context;
    PrepareCall(context, std::chrono::seconds(10), "");
    grpc::Slice slice(bytes);
    grpc::ByteBuffer request(&slice, 1), response;
    grpc::CompletionQueue queue;
    const auto call = stub.PrepareUnaryCall(&context, "/joulebook.costing.v1.CostingService/Quote",
                                            request, &queue);
    grpc::Status status;
    call->StartCall();
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    EXPECT_NE(FromGrpcStatus(status).code(), absl::StatusCode::kInternal);
    EXPECT_FALSE(status.ok());
    if (round == 1) {
      EXPECT_THAT(FromGrpcStatus(status),
                  StatusIs(absl::StatusCode::kInvalidArgument, "MESSAGE_MALFORMED"));
    }
  }
  EXPECT_THAT(QuoteOf(StoreItem()), IsOk());
}

TEST_F(CostingServiceTest, DrainsAndExitsCleanly) {
  StartService();
  grpc::ClientContext context;
  PrepareCall(context, std::chrono::seconds(20), "");
  const auto stream = stub_->StreamQuotes(&context);
  v1::StreamQuotesRequest request;
  *request.add_items() = StoreItem();
  ASSERT_TRUE(stream->Write(request));
  v1::StreamQuotesResponse response;
  ASSERT_TRUE(stream->Read(&response));
  costing_->process().Signal(SIGTERM);
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_THAT(FromGrpcStatus(stream->Finish()),
              StatusIs(absl::StatusCode::kUnavailable, "DRAINING"));
  EXPECT_EQ(costing_->process().Wait(), 0);
}

TEST_F(CostingServiceTest, NeedsAKeyAndAPlausibleConfiguration) {
  EXPECT_FALSE(ServiceProcess::Start("costingd", connection_, {}).ok());
  EXPECT_FALSE(StartReplica({"--tariff", "none"}).ok());
  EXPECT_FALSE(StartReplica({"--database-pool", "6"}).ok());
  EXPECT_FALSE(StartReplica({"--refresh-interval-ms", "6000"}).ok());
  const auto key = RunCommand({BinaryPath("costingd"), "new-quote-key", "example.org/costing"});
  ASSERT_THAT(key, IsOk());
  std::ofstream(keys_path_) << *key;
  EXPECT_THAT(
      RunCommand({BinaryPath("costingd"), "quote-verifier-keys", "--quote-keys-file", keys_path_}),
      IsOk());
  EXPECT_FALSE(RunCommand({BinaryPath("costingd"), "new-quote-key"}).ok());
}

// A version that no replica knows yet takes effect after the notice period at the earliest: a quote
// may reach just up to there.
TEST_F(CostingServiceTest, QuotesThatWouldReachBeyondNoticeAreRefusedAtStart) {
  const auto check = [&](const std::string& ahead_ms) {
    return RunCommand({BinaryPath("costingd"), "--check-config", "--quote-keys-file", keys_path_,
                       "--notice-period-ms", "100000", "--quote-validity-ms", "60000",
                       "--call-timeout-ms", "5000", "--refresh-max-age-ms", "10000",
                       "--quote-ahead-ms", ahead_ms});
  };
  EXPECT_THAT(check("25000"), IsOk());
  const auto refused = check("25001");
  EXPECT_NE(
      refused.status().message().find(
          "quote-ahead-ms (25001) + quote-validity-ms (60000) + call-timeout-ms (5000) + "
          "refresh-max-age-ms (10000) are 100001 and must be at most notice-period-ms (100000)"),
      std::string::npos)
      << refused.status();
  EXPECT_FALSE(StartReplica({"--quote-ahead-ms", "86400000"}).ok());
  EXPECT_THAT(
      RunCommand({BinaryPath("costingd"), "--check-config", "--quote-keys-file", keys_path_}),
      IsOk());
}

TEST(CostingBoundary, ErrorsWithoutAReasonGetTheOneOfTheirCode) {
  const auto answered = [](const absl::Status& status) {
    return FromGrpcStatus(CostingBoundary().Finish("Test", status));
  };
  EXPECT_THAT(answered(absl::ResourceExhaustedError("x")),
              StatusIs(absl::StatusCode::kResourceExhausted, "OVERLOADED"));
  EXPECT_THAT(answered(absl::DeadlineExceededError("x")),
              StatusIs(absl::StatusCode::kDeadlineExceeded, "DEADLINE_PASSED"));
  EXPECT_THAT(answered(absl::UnknownError("x")), StatusIs(absl::StatusCode::kInternal, "INTERNAL"));
}

TEST(CostingReference, TheServicesReadmeHoldsTheGeneratedTable) {
  ExpectReadmeHoldsSettings("costing");
}

TEST(CostingReference, EachReasonHasATestThatNamesIt) {
  ExpectReasonsNamed(
      v1::ErrorReason_MAX, [](int number) { return v1::ErrorReason_Name(number); },
      {"tests/integration/costing_service_test.cc", "tests/integration/costing_quotes_test.cc",
       "tests/integration/costing_tariffs_test.cc", "tests/integration/costing_replicas_test.cc",
       "tests/integration/costing_entitlements_test.cc",
       "tests/integration/costing_earnings_test.cc"});
}

TEST_F(CostingServiceTest, MetricsAreExactlyTheGoldenList) {
  StartService();
  ASSERT_THAT(QuoteOf(StoreItem()), IsOk());
  const std::string text = ExpectGoldenMetrics("costing", costing_->metrics_port());
  EXPECT_NE(text.find("costing_quotes_total{result=\"ok\"} 1"), std::string::npos);
}

}  // namespace
}  // namespace joulebook::costing
