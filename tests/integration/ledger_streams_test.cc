// Open streams: how many there may be, and when they end from our side.

#include <fstream>

#include "common/crypto/sha256.h"
#include "common/testing/unreading_client.h"
#include "tests/integration/service_fixture.h"
#include "tests/integration/streaming_client.h"

namespace joulebook::ledger {
namespace {

constexpr char kStreamTransfers[] = "/joulebook.ledger.v1.LedgerService/StreamTransfers";

class StreamsTest : public ServiceTest {
 protected:
  // A client's stream of transfers.
  class Stream
      : public StreamingClient<Service, v1::StreamTransfersRequest, v1::StreamTransfersResponse> {
   public:
    explicit Stream(Service& stub, const std::string& token = "")
        : StreamingClient(stub, &Service::StreamTransfers, token) {}
    // Whether the transfer was answered.
    bool Post(int number) {
      v1::StreamTransfersRequest request;
      *request.add_transfers() = MakePost(TransferId(number), MemberId(1), kIssuer, 1);
      return Ask(request);
    }
  };

  static std::string OneTransfer() {
    return OneItem(MakePost(TransferId(1), MemberId(1), kIssuer, 1)).SerializeAsString();
  }
};

TEST_F(StreamsTest, StreamsOfTransfersAreBounded) {
  StartService({"--transfer-streams", "1"});
  ASSERT_THAT(Register(1), IsOk());
  Stream first(*stub_);
  ASSERT_TRUE(first.Post(1));
  Stream second(*stub_);
  EXPECT_FALSE(second.Post(2));
  const absl::Status refused = second.Finish();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted, "OVERLOADED"));
  auto info = GetErrorInfo(refused).value_or(ErrorInfo());
  EXPECT_EQ(info.metadata["queue"], "transfer streams");
  EXPECT_EQ(info.metadata["limit"], "1");
  EXPECT_THAT(first.Finish(), IsOk());
  EXPECT_TRUE(Eventually([&] { return Stream(*stub_).Post(3); })) << "a place is free";
}

TEST_F(StreamsTest, AStreamOfTransfersThatNobodyReadsEndsAndFreesItsPlace) {
  StartService({"--unread-stream-timeout-ms", "500", "--transfer-streams", "1"});
  ASSERT_THAT(Register(1), IsOk());
  UnreadingClient client(ledger_->port());
  client.Call(kStreamTransfers, OneTransfer());
  EXPECT_TRUE(Eventually([&] { return client.resets() == 1; }));
  EXPECT_TRUE(Eventually([&] { return Stream(*stub_).Post(2); }));
}

TEST_F(StreamsTest, ADrainWaitsForNoStreamThatNobodyReads) {
  StartService({"--unread-stream-timeout-ms", "60000", "--drain-timeout-ms", "60000"});
  ASSERT_THAT(Register(1), IsOk());
  UnreadingClient client(ledger_->port());
  client.Call(kStreamTransfers, OneTransfer());
  v1::GetTransferRequest get;
  get.set_transfer_id(TransferId(1));
  ASSERT_TRUE(Eventually([&] { return Call(*stub_, &Service::GetTransfer, get).ok(); }));
  EXPECT_TRUE(StopsSoon(ledger_->process()));
}

// Streams and watches end though nobody sends or commits anything.
TEST_F(StreamsTest, OpenStreamsEndWithTheirToken) {
  const std::string tokens = MakeTempDir() + "/tokens";
  bool is_open = false;
  // A machine that is too slow for the token's time gets more of it.
  for (int64_t seconds = 4; !is_open; seconds *= 2) {
    const auto now = std::chrono::floor<std::chrono::seconds>(SystemClock().Now());
    std::ofstream(tokens) << ToHex(Sha256("brief")) << " writer "
                          << now.time_since_epoch().count() + seconds << " guest\n"
                          << ToHex(Sha256("i")) << " issuer never issuer\n";
    StartService({"--tokens-file", tokens});
    ASSERT_THAT(Register(1, "i"), IsOk());
    Stream stream(*stub_, "brief");
    grpc::ClientContext context;
    PrepareCall(context, std::chrono::seconds(120), "brief");
    const auto watch = stub_->WatchTransfers(&context, {});
    v1::WatchTransfersResponse page;
    is_open = stream.Post(1) && watch->Read(&page);
    while (watch->Read(&page)) {
    }
    EXPECT_THAT(FromGrpcStatus(watch->Finish()),
                StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_EXPIRED"));
    EXPECT_FALSE(stream.Read());
    EXPECT_THAT(stream.Finish(), StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_EXPIRED"));
  }
}

}  // namespace
}  // namespace joulebook::ledger
