// The promises of the PostgreSQL store beside commits: round trips, guards, past balances, listing.

#include "absl/strings/str_cat.h"
#include "services/ledger/store/sql.h"
#include "tests/integration/book_fixture.h"
#include "tests/integration/many_refusals.h"

namespace joulebook::ledger {
namespace {

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const Uuid& member : {alice_, bob_}) {
      ASSERT_THAT(engine_.writer.RegisterMember({member, "", ""}, kTimeout), IsOk());
    }
  }

  TransferRequest Post(uint64_t id, int64_t amount) {
    TransferRequest r;
    r.id = NumberedId(id);
    r.debit = alice_;
    r.credit = bob_;
    r.asset = AssetCode("J");
    r.operation = 24;
    r.amount = amount;
    return r;
  }

  absl::Status Execute(const std::string& sql) {
    return RunTransaction(engine_.database, {}, [&](pqxx::transaction_base& tx) {
      tx.exec(sql);
      return absl::OkStatus();
    });
  }

  std::vector<int64_t> List(const TransferFilter& filter, const Page& page) {
    std::vector<int64_t> positions;
    const auto listed = engine_.store->ListTransfers(filter, page, kTimeout);
    EXPECT_THAT(listed, IsOk());
    EXPECT_EQ(listed->read_to, std::nullopt);
    for (const auto& record : listed->transfers) positions.push_back(record.position);
    return positions;
  }

  template <typename... Parameters>
  std::string Explain(const char* statement, const Parameters&... parameters) {
    std::string plan;
    const auto explained = RunTransaction(engine_.database, {}, [&](pqxx::transaction_base& tx) {
      for (const auto& row : tx.exec_params(absl::StrCat("EXPLAIN ", statement), parameters...)) {
        plan += row[0].template as<std::string>() + "\n";
      }
      return absl::OkStatus();
    });
    EXPECT_THAT(explained, IsOk());
    return plan;
  }

  const Uuid alice_ = NumberedId(1, 9);
  const Uuid bob_ = NumberedId(2, 9);
  VirtualClock clock_;
  const std::string connection_ = MakeBookDatabase();
  Engine engine_{connection_, clock_, 1};
};

TEST_F(StoreTest, EveryFieldOfATransferComesBack) {
  TransferRequest r = Post(1, 5);
  r.up_to = true;
  r.reference = "ref \"quoted\" \\ {1,2} é";
  r.usage = {std::string("\x00\xff{}\"\\", 6), 123, 456, 3};
  r.metadata = {{"key", "value \"x\" \\ \n"}, {"k2", ""}};
  r.effective = Time(Duration(1'234'567'890'123'456));
  r.conditions = {1, 1, 1};
  r.signature.assign(64, '\x80');
  r.signature.back() = '\0';
  ASSERT_EQ(engine_.Post(r).code, ResultCode::kOk);

  const auto found = engine_.store->FindTransfer(r.id, kTimeout);

  ASSERT_THAT(found, IsOk());
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->request, r);
  EXPECT_EQ((*found)->effective(), *r.effective);
  EXPECT_EQ((*found)->debit_after.posted, 1'000'000'000 - 5);
  EXPECT_EQ(engine_.Post(r).code, ResultCode::kExists);
}

TEST_F(StoreTest, AMalformedChainTellsWhichOfItsItemsAreKnown) {
  ASSERT_EQ(engine_.Post(Post(1, 5)).code, ResultCode::kOk);
  TransferItem known{ResultCode::kOk, Post(1, 5)};
  known.request.linked = true;
  TransferItem other{ResultCode::kOk, Post(2, 5)};
  other.request.linked = true;
  const auto outcomes =
      engine_.Post({known, other, {ResultCode::kAmountMustBePositive, Post(3, 0)}});
  EXPECT_EQ(outcomes[0].code, ResultCode::kExistsWithDifferentFlags);
  EXPECT_EQ(outcomes[1].code, ResultCode::kLinkedEventFailed);
  EXPECT_EQ(outcomes[2].code, ResultCode::kAmountMustBePositive);
  EXPECT_EQ(engine_.Post(Post(2, 5)).code, ResultCode::kOk) << "nothing was recorded of it";
}

TEST_F(StoreTest, RefusedTransfersAreNotListedAsTransfers) {
  ASSERT_EQ(engine_.Post(Post(1, INT64_MAX)).code, ResultCode::kExceedsAvailable);
  const auto found = engine_.store->FindTransfer(NumberedId(1), kTimeout);
  ASSERT_THAT(found, IsOk());
  EXPECT_FALSE(found->has_value());
  EXPECT_EQ(List({}, {}), (std::vector<int64_t>{4, 7})) << "the trial grants";
}

TEST_F(StoreTest, TheSchemaGuardsWhatTheServiceMustNotDo) {
  ASSERT_EQ(engine_.Post(Post(1, 5)).code, ResultCode::kOk);
  // Append-only, for everybody.
  EXPECT_FALSE(Execute("UPDATE ledger.transfers SET moved = 6").ok());
  EXPECT_FALSE(Execute("DELETE FROM ledger.transfers").ok());
  EXPECT_FALSE(Execute("TRUNCATE ledger.transfers CASCADE").ok());
  // By grants, for the service.
  for (const char* sql : {"DELETE FROM ledger.accounts", "UPDATE ledger.accounts SET asset = 'KWH'",
                          "UPDATE ledger.members SET public_key = ''", "DELETE FROM ledger.holds",
                          "INSERT INTO ledger.assets VALUES ('X', 1, 1)", "DELETE FROM ledger.book",
                          "DROP TABLE ledger.holds"}) {
    EXPECT_FALSE(Execute(absl::StrCat("SET LOCAL ROLE joulebook_ledger; ", sql)).ok()) << sql;
  }
  // By constraints.
  for (const char* sql :
       {"UPDATE ledger.accounts SET state = 4 WHERE role = 1",
        "INSERT INTO ledger.holds VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), "
        "'J', 1, 5, 6, 1, 0)",
        "INSERT INTO ledger.book DEFAULT VALUES"}) {
    EXPECT_FALSE(Execute(sql).ok()) << sql;
  }
  ExpectBookIsSound(engine_);
}

TEST_F(StoreTest, AViewThatContradictsItselfIsReadAnew) {
  ASSERT_EQ(engine_.Post(Post(1, 5)).code, ResultCode::kOk);
  // Behind the writer's back, so that it remembers what is not so.
  ASSERT_THAT(Execute("UPDATE ledger.accounts SET upper_limit = 7 WHERE upper_limit IS NULL"),
              IsOk());
  std::vector<std::optional<int64_t>> seen;
  const auto status = engine_.store->Commit(
      {.accounts = {bob_}}, kTimeout, [&](BookView& view, Changes&) -> absl::Status {
        seen.push_back(view.accounts.at(bob_).upper_limit);
        return seen.size() == 1 ? ViewContradictsItself() : absl::OkStatus();
      });
  EXPECT_THAT(status, IsOk());
  EXPECT_EQ(seen, (std::vector<std::optional<int64_t>>{std::nullopt, 7}));
}

TEST_F(StoreTest, TellsBalancesAtAnyRecordedTime) {
  const Time start = clock_.Now();
  for (uint64_t i = 1; i <= 5; ++i) {
    clock_.Advance(std::chrono::seconds(10));
    ASSERT_EQ(engine_.Post(Post(i, 100)).code, ResultCode::kOk);
  }
  const auto posted_at = [&](Duration offset) {
    const auto balances = engine_.store->BalancesAtRecorded(bob_, start + offset, kTimeout);
    EXPECT_THAT(balances, IsOk());
    return balances->posted;
  };
  EXPECT_EQ(posted_at(std::chrono::hours(-1)), 0);
  EXPECT_EQ(posted_at(std::chrono::seconds(9)), 1'000'000'000);
  EXPECT_EQ(posted_at(std::chrono::seconds(10)), 1'000'000'100);
  EXPECT_EQ(posted_at(std::chrono::seconds(10) - Duration(1)), 1'000'000'000);
  EXPECT_EQ(posted_at(std::chrono::seconds(39)), 1'000'000'300);
  EXPECT_EQ(posted_at(std::chrono::hours(1)), 1'000'000'500);
}

TEST_F(StoreTest, TellsBalancesByEffectiveTime) {
  const Time start = clock_.Now();
  clock_.Advance(std::chrono::seconds(100));
  TransferRequest back_dated = Post(1, 30);
  back_dated.effective = start + std::chrono::seconds(10);
  TransferRequest forward_dated = Post(2, 7);
  forward_dated.effective = start + std::chrono::seconds(500);
  ASSERT_EQ(engine_.Post(back_dated).code, ResultCode::kOk);
  ASSERT_EQ(engine_.Post(forward_dated).code, ResultCode::kOk);
  ASSERT_EQ(engine_.Post(Post(3, 1)).code, ResultCode::kOk);
  TransferRequest reversal;
  reversal.id = NumberedId(4);
  reversal.kind = TransferKind::kReverse;
  reversal.target = NumberedId(1);
  reversal.amount = 4;
  reversal.effective = start + std::chrono::seconds(20);
  ASSERT_EQ(engine_.Post(reversal).code, ResultCode::kOk);

  struct Case {
    int64_t seconds, bob_gained;
  };
  for (const Case& c : {Case{9, 0}, Case{10, 30}, Case{19, 30}, Case{20, 26}, Case{99, 26},
                        Case{101, 27}, Case{499, 27}, Case{500, 34}}) {
    const auto bob =
        engine_.store->BalancesAtEffective(bob_, start + std::chrono::seconds(c.seconds), kTimeout);
    const auto alice = engine_.store->BalancesAtEffective(
        alice_, start + std::chrono::seconds(c.seconds), kTimeout);
    ASSERT_THAT(bob, IsOk());
    ASSERT_THAT(alice, IsOk());
    EXPECT_EQ(bob->posted, 1'000'000'000 + c.bob_gained) << c.seconds;
    EXPECT_EQ(bob->earned, c.bob_gained) << c.seconds;
    EXPECT_EQ(alice->spent, c.bob_gained) << c.seconds;
    EXPECT_EQ(alice->posted, alice->granted + alice->earned - alice->spent);
  }
}

TEST_F(StoreTest, ListsByEveryFilterInBothDirectionsPageByPage) {
  const Time start = clock_.Now();
  for (uint64_t i = 1; i <= 9; ++i) {
    clock_.Advance(std::chrono::seconds(1));
    TransferRequest r = Post(i, 1);
    r.operation = i % 3 == 0 ? 2 : 1;
    r.reference = i % 2 == 0 ? "even" : "";
    ASSERT_EQ(engine_.Post(r).code, ResultCode::kOk);
  }
  const auto second = [&](int64_t s) { return start + std::chrono::seconds(s); };
  EXPECT_EQ(List({.operation = 2}, {}), (std::vector<int64_t>{10, 13, 16}));
  EXPECT_EQ(List({.reference = "even"}, {.newest_first = true}),
            (std::vector<int64_t>{15, 13, 11, 9}));
  EXPECT_EQ(List({.reference = "even", .operation = 2}, {}), (std::vector<int64_t>{13}));
  EXPECT_EQ(List({.member = alice_, .start = second(3), .end = second(5)}, {}),
            (std::vector<int64_t>{10, 11}));
  EXPECT_EQ(List({.account = kJouleIssuerId}, {}), (std::vector<int64_t>{4, 7}));
  EXPECT_EQ(List({.member = alice_, .account = bob_}, {}), std::vector<int64_t>());
  EXPECT_EQ(List({.account = alice_}, {.limit = 4}), (std::vector<int64_t>{4, 8, 9, 10}));
  EXPECT_EQ(List({.account = alice_}, {.after = 10, .limit = 2}), (std::vector<int64_t>{11, 12}));
  EXPECT_EQ(List({.account = alice_}, {.after = 10, .limit = 2, .newest_first = true}),
            (std::vector<int64_t>{9, 8}));
  EXPECT_EQ(List({.start = second(100)}, {}), std::vector<int64_t>());
  EXPECT_EQ(List({.end = start}, {}), std::vector<int64_t>());
}

TEST_F(StoreTest, ManyRefusalsInARowAreReadInSteps) {
  constexpr int64_t kStep = 10'000;
  constexpr int kRefusals = 25'000;
  ASSERT_EQ(engine_.Post(Post(1, INT64_MAX)).code, ResultCode::kExceedsAvailable);  // position 8
  ASSERT_THAT(Execute(RepeatLastRefusal(kRefusals) + "; ANALYZE ledger.transfers"), IsOk());
  ASSERT_EQ(engine_.Post(Post(2, 5)).code, ResultCode::kOk);
  const int64_t last = 8 + kRefusals + 1;

  struct Step {
    std::vector<int64_t> positions;
    std::optional<int64_t> read_to;
    bool operator==(const Step&) const = default;
  };
  const auto read = [&](const Page& page) {
    const auto listed = engine_.store->ListTransfers({}, page, kTimeout);
    EXPECT_THAT(listed, IsOk());
    Step step{.read_to = listed->read_to};
    for (const auto& record : listed->transfers) step.positions.push_back(record.position);
    return step;
  };
  EXPECT_EQ(read({}), (Step{{4, 7}, kStep}));
  EXPECT_EQ(read({.after = 0, .limit = 2}), (Step{{4, 7}, {}})) << "full";
  EXPECT_EQ(read({.after = 7}), (Step{{}, 7 + kStep}));
  EXPECT_EQ(read({.after = last - kStep - 1}), (Step{{}, last - 1}));
  EXPECT_EQ(read({.after = last - kStep}), (Step{{last}, {}})) << "to the end";
  EXPECT_EQ(read({.after = last}), (Step{{}, {}}));
  EXPECT_EQ(read({.after = INT64_MAX}), (Step{{}, {}}));
  EXPECT_EQ(read({.newest_first = true}), (Step{{last}, last - kStep + 1}));
  EXPECT_EQ(read({.after = last, .newest_first = true}), (Step{{}, last - kStep}));
  EXPECT_EQ(read({.after = kStep + 1, .newest_first = true}), (Step{{7, 4}, {}}));
  EXPECT_EQ(read({.after = INT64_MIN, .newest_first = true}), (Step{{}, {}}));
  EXPECT_EQ(List({.account = bob_}, {}), (std::vector<int64_t>{7, last})) << "by its own index";

  const std::optional<std::string> no_reference, reference = "r";
  const std::optional<int> no_operation, operation = 24;
  for (const std::string& plan :
       {Explain(sql::kPositionBefore, INT64_MAX),
        Explain(sql::kTransfersUp, 0, last + 1, 100, no_reference, operation),
        Explain(sql::kTransfersDown, 0, last + 1, 100, reference, no_operation)}) {
    EXPECT_NE(plan.find("Index"), std::string::npos) << plan;
    EXPECT_EQ(plan.find("transfers_position_key"), std::string::npos) << plan;
    EXPECT_EQ(plan.find("transfers_recorded_us_key"), std::string::npos) << plan;
  }
}

TEST_F(StoreTest, FindsAccountsByIndexInABookOfManyAccounts) {
  ASSERT_THAT(Execute("INSERT INTO ledger.accounts (id, asset, role, state, requires_signature, "
                      "metadata, opened_us) SELECT gen_random_uuid(), 'J', 6, 1, false, '{}', 0 "
                      "FROM generate_series(1, 100000); ANALYZE ledger.accounts"),
              IsOk());
  const std::string plan =
      Explain(sql::kAccounts, absl::StrCat("{", alice_.ToString(), ",", bob_.ToString(), "}"));
  EXPECT_NE(plan.find("accounts_pkey"), std::string::npos) << plan;
  EXPECT_NE(plan.find("transfers_by_debit"), std::string::npos) << plan;
  EXPECT_NE(plan.find("transfers_by_credit"), std::string::npos) << plan;
}

}  // namespace
}  // namespace joulebook::ledger
