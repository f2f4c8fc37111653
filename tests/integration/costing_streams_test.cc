// Open streams of quotes and of usage: how many there may be, and when they end from our side.

#include <grpcpp/create_channel.h>

#include <regex>
#include <thread>

#include "common/crypto/sha256.h"
#include "common/testing/unreading_client.h"
#include "tests/integration/costing_fixture.h"
#include "tests/integration/streaming_client.h"

namespace joulebook::costing {
namespace {

constexpr char kStreamQuotes[] = "/joulebook.costing.v1.CostingService/StreamQuotes";
constexpr char kRerate[] = "/joulebook.costing.v1.CostingService/Rerate";

class CostingStreamsTest : public CostingTest {
 protected:
  // A client's stream of quotes.
  class Quotes
      : public StreamingClient<Service, v1::StreamQuotesRequest, v1::StreamQuotesResponse> {
   public:
    explicit Quotes(Service& stub, const std::string& token = "")
        : StreamingClient(stub, &Service::StreamQuotes, token) {}
    // Whether a quote was given.
    bool Quote() { return Ask(OneItem()); }
  };

  // A client's Rerate call.
  class Rerating {
   public:
    explicit Rerating(Service& stub, const std::string& token = "") {
      PrepareCall(context_, std::chrono::seconds(120), token);
      writer_ = stub.Rerate(&context_, &totals);
    }
    bool Write(const v1::RerateRequest& request = {}) { return writer_->Write(request); }
    // Without `is_complete` more messages are to come, and only the server can end the call.
    absl::Status Finish(bool is_complete) {
      if (is_complete) writer_->WritesDone();
      return FromGrpcStatus(writer_->Finish());
    }

    v1::RerateResponse totals;

   private:
    grpc::ClientContext context_;
    std::unique_ptr<grpc::ClientWriter<v1::RerateRequest>> writer_;
  };

  static v1::StreamQuotesRequest OneItem() {
    v1::StreamQuotesRequest request;
    *request.add_items() = StoreItem();
    return request;
  }
  static v1::RerateRequest Members(int count, std::size_t bytes) {
    v1::RerateRequest request;
    for (int i = 0; i < count; ++i) request.add_new_members(std::string(bytes, 'm'));
    return request;
  }
  void AwaitReratings(int count) {
    ASSERT_THAT(AwaitCalls(costing_->metrics_port(), "Rerate", count), IsOk());
  }
  // Whether one has its answer, though its client need not have read it.
  bool HasAnsweredRerating() {
    static const std::regex answered(R"(grpc_server_handled_total\{[^\n]*"Rerate"[^\n]* 1\n)");
    const auto metrics = ReadMetrics(costing_->metrics_port());
    return metrics.ok() && std::regex_search(*metrics, answered);
  }

  void ExpectRefused(const absl::Status& status, const std::string& queue) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, "OVERLOADED"));
    auto info = GetErrorInfo(status).value_or(ErrorInfo());
    EXPECT_EQ(info.metadata["queue"], queue);
    EXPECT_EQ(info.metadata["limit"], "1");
  }
};

TEST_F(CostingStreamsTest, StreamsOfQuotesAreBounded) {
  StartService({"--quote-streams", "1"});
  Quotes first(*stub_);
  ASSERT_TRUE(first.Quote());
  Quotes second(*stub_);
  EXPECT_FALSE(second.Quote());
  ExpectRefused(second.Finish(), "quote streams");
  EXPECT_THAT(first.Finish(), IsOk());
  EXPECT_TRUE(Eventually([&] { return Quotes(*stub_).Quote(); })) << "a place is free";
}

TEST_F(CostingStreamsTest, ReratingsAreBounded) {
  StartService({"--rerate-streams", "1"});
  Rerating first(*stub_);
  ASSERT_TRUE(first.Write());
  AwaitReratings(1);
  ExpectRefused(Rerating(*stub_).Finish(true), "rerate streams");
  EXPECT_THAT(first.Finish(true), IsOk());
  EXPECT_TRUE(Eventually([&] {
    Rerating next(*stub_);
    next.Write();
    return next.Finish(true).ok();
  })) << "a place is free";
}

TEST_F(CostingStreamsTest, StreamsThatNobodyReadsEndAndFreeTheirPlace) {
  StartService(
      {"--unread-stream-timeout-ms", "500", "--quote-streams", "1", "--rerate-streams", "1"});
  UnreadingClient client(costing_->port());
  client.Call(kStreamQuotes, OneItem().SerializeAsString());
  client.Call(kRerate, Members(1, 10).SerializeAsString());
  EXPECT_TRUE(Eventually([&] { return client.resets() == 2; }));
  EXPECT_TRUE(Eventually([&] { return Quotes(*stub_).Quote(); }));
  EXPECT_TRUE(Eventually([&] {
    Rerating next(*stub_);
    next.Write();
    return next.Finish(true).ok();
  }));
}

TEST_F(CostingStreamsTest, ADrainWaitsForNoClientThatDoesNotReadOrWrite) {
  StartService({"--unread-stream-timeout-ms", "60000", "--drain-timeout-ms", "60000"});
  UnreadingClient client(costing_->port());
  client.Call(kStreamQuotes, OneItem().SerializeAsString());
  client.Call(kRerate, Members(1, 10).SerializeAsString());
  // The suite's own channels repeat what is UNAVAILABLE.
  const auto once = v1::CostingService::NewStub(
      grpc::CreateChannel(costing_->address(), grpc::InsecureChannelCredentials()));
  Rerating idle(*once);
  ASSERT_TRUE(idle.Write());
  AwaitReratings(1);
  ASSERT_TRUE(Eventually([&] { return HasAnsweredRerating(); }));
  ASSERT_THAT(AwaitCalls(costing_->metrics_port(), "StreamQuotes", 1), IsOk());
  std::thread ending([&] {
    EXPECT_THAT(idle.Finish(false), StatusIs(absl::StatusCode::kUnavailable, "DRAINING"));
  });
  EXPECT_TRUE(StopsSoon(costing_->process()));
  ending.join();
}

// They end though nobody sends anything.
TEST_F(CostingStreamsTest, OpenStreamsEndWithTheirToken) {
  const std::string tokens = directory_ + "/tokens";
  bool is_open = false;
  // A machine that is too slow for the token's time gets more of it.
  for (int64_t seconds = 4; !is_open; seconds *= 2) {
    std::ofstream(tokens) << ToHex(Sha256("brief")) << " writer " << NowUs() / 1'000'000 + seconds
                          << " guest\n";
    StartService({"--tokens-file", tokens});
    Rerating rerating(*stub_, "brief");
    Quotes quotes(*stub_, "brief");
    is_open = rerating.Write() && quotes.Quote();
    EXPECT_FALSE(quotes.Read());
    EXPECT_THAT(quotes.Finish(), StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_EXPIRED"));
    EXPECT_THAT(rerating.Finish(false),
                StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_EXPIRED"));
  }
}

// As many members as their answer can hold, and an answer for as many.
TEST_F(CostingStreamsTest, AReratingTakesTheMembersThatItsAnswerHolds) {
  constexpr int kMaxMembers = 99;  // of 128 bytes: 168 each, and 40 for all
  StartService({"--max-message-bytes", "16672"});
  Rerating fits(*stub_);
  fits.Write();
  fits.Write(Members(kMaxMembers, 128));
  EXPECT_THAT(fits.Finish(true), IsOk());
  EXPECT_EQ(fits.totals.members_size(), kMaxMembers);
  Rerating exceeds(*stub_);
  exceeds.Write();
  exceeds.Write(Members(kMaxMembers, 128));
  exceeds.Write(Members(1, 1));
  const absl::Status refused = exceeds.Finish(true);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
  auto info = GetErrorInfo(refused).value_or(ErrorInfo());
  EXPECT_EQ(info.metadata["field"], "new_members");
  EXPECT_EQ(info.metadata["rule"], "must be so few that the answer has at most 16672 bytes");
}

}  // namespace
}  // namespace joulebook::costing
