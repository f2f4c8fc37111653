// The outcome of a check whose caller's token ends meanwhile: of a book that is wrong, by a clock
// that moves when the test says so.

#include "services/ledger/rpc/books_check_call.h"

#include <grpcpp/server_builder.h>

#include "absl/strings/str_cat.h"
#include "common/rpc/client.h"
#include "common/testing/matchers.h"
#include "common/testing/virtual_clock.h"
#include "joulebook/ledger/v1/ledger_service.grpc.pb.h"

namespace joulebook::ledger {
namespace {

// Has no log, and a head that no log leads to.
class WrongBook final : public BookSnapshot {
 public:
  bool IsOverdue() override { return false; }
  std::optional<BookHead> Head() override { return BookHead(); }
  std::vector<TransferRecord> Transfers(int64_t, int) override { return {}; }
  std::vector<StoredRecord> Records(int64_t, int) override { return {}; }
  std::vector<Asset> Assets() override { return {}; }
  std::vector<Member> Members(int64_t, int) override { return {}; }
  std::vector<ReputationChange> ReputationChanges(const After&, int) override { return {}; }
  std::vector<Account> Accounts(const After&, int) override { return {}; }
  std::vector<Hold> Holds(const After&, int) override { return {}; }
  std::vector<OnceKeyHolder> OnceKeys(const After&, int) override { return {}; }
  std::vector<StoredCheckpoint> Checkpoints(int64_t, int) override { return {}; }
  std::vector<Sha256Digest> Tile(int, uint64_t) override { return {}; }
  std::vector<TileLevel> TileLevels() override { return {}; }
};

// The wrong book, and what happens before and after it is read.
class WrongLog final : public LogStore {
 public:
  std::function<void()> before = [] {};
  std::function<void()> after = [] {};

  absl::Status ReadSnapshot(Duration,
                            const std::function<absl::Status(BookSnapshot&)>& read) override {
    WrongBook book;
    before();
    const absl::Status status = read(book);
    after();
    return status;
  }
  absl::StatusOr<std::optional<int64_t>> Seal(const Uuid&, Duration, int64_t, int64_t, Duration,
                                              const SealDecision&) override {
    return std::nullopt;
  }
  absl::StatusOr<std::optional<Time>> OldestUnsealed(Duration) override { return std::nullopt; }
  absl::StatusOr<std::optional<StoredCheckpoint>> FindCheckpoint(int64_t, Duration) override {
    return std::nullopt;
  }
};

class BooksCheckCallTest : public testing::Test, public v1::LedgerService::CallbackService {
 protected:
  BooksCheckCallTest() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~BooksCheckCallTest() override { server_->Shutdown(); }

  BooksChecks::Reactor* CheckBooks(grpc::CallbackServerContext* context,
                                   const v1::CheckBooksRequest*) override {
    return checks_.Check(*context, std::chrono::seconds(60),
                         Admission(*gate_, {.name = "auditor", .expires = kExpires}));
  }

  absl::Status Check() {
    const auto stub =
        v1::LedgerService::NewStub(MakeChannel({.target = absl::StrCat("127.0.0.1:", port_)}));
    grpc::ClientContext context;
    PrepareCall(context, std::chrono::seconds(60), "");
    const auto stream = stub->CheckBooks(&context, {});
    while (stream->Read(&last_)) {
    }
    return FromGrpcStatus(stream->Finish());
  }
  void EndToken() { clock_.Advance(std::chrono::seconds(5)); }

  static constexpr Time kExpires{std::chrono::seconds(1'005)};
  VirtualClock clock_{Time(std::chrono::seconds(1'000))};
  const absl::StatusOr<Gate> gate_ = Gate::Make({}, "ledger.joulebook", clock_);
  Metrics registry_;
  LedgerMetrics metrics_{registry_};
  WrongLog log_;
  BooksChecks checks_{log_, clock_, metrics_, std::chrono::seconds(10)};
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  v1::CheckBooksResponse last_;
};

TEST_F(BooksCheckCallTest, ADifferenceIsAnsweredAndCounted) {
  EXPECT_THAT(Check(), IsOk());
  EXPECT_EQ(last_.result(), v1::BOOKS_RESULT_DIFFERENCE_FOUND);
  EXPECT_EQ(metrics_.books_different.Value(), 1);
}

TEST_F(BooksCheckCallTest, ADifferenceThatItsCallerMayNotHearAnyMoreIsCounted) {
  log_.after = [this] { EndToken(); };
  EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_EXPIRED"));
  EXPECT_EQ(last_.difference(), "");
  EXPECT_EQ(metrics_.books_different.Value(), 1);
}

TEST_F(BooksCheckCallTest, ACheckIsGivenUpWhenItsTokenEnds) {
  log_.before = [this] { EndToken(); };
  EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_EXPIRED"));
  EXPECT_EQ(metrics_.books_different.Value(), 0);
}

}  // namespace
}  // namespace joulebook::ledger
