// The ledger on PostgreSQL, by two replicas, against the reference model: random operations, same
// results.

#include <cstdlib>

#include "absl/strings/str_format.h"
#include "joulebook/ledger/v1/transfer.pb.h"
#include "services/ledger/domain/canonical.h"
#include "services/ledger/domain/parse_transfer.h"
#include "services/ledger/engine/books_check.h"
#include "services/ledger/engine/log_proofs.h"
#include "services/ledger/engine/log_sealer.h"
#include "services/ledger/rpc/parse_quote.h"
#include "services/ledger/store/pg_log_store.h"
#include "tests/integration/book_fixture.h"
#include "tests/integration/reference_model.h"

namespace joulebook::ledger {
namespace {

constexpr int kAccounts = 12;
constexpr int kIssuer = 0;
// After the issuer, the member and its account.
constexpr int64_t kTrialGrant = 4;
constexpr int kSigned = 10;   // needs its owner's signature
constexpr int kForeign = 11;  // holds KWH
constexpr int kUnknown = 12;
// Time moves in steps of 20 ms and holds live for an odd number of 10 ms, so that the microseconds
// by which the ledger spreads a batch never decide.
constexpr int64_t kStepMs = 20;

Uuid AccountId(int number) {
  return number == kIssuer ? kJouleIssuerId : NumberedId(static_cast<uint64_t>(number), 3);
}

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  int64_t Below(int64_t bound) {
    return static_cast<int64_t>(random_.Next() % static_cast<uint64_t>(bound));
  }
  bool OneIn(int64_t n) { return Below(n) == 0; }

  std::vector<ModelRequest> Batch(int64_t max_items) {
    std::vector<ModelRequest> batch(static_cast<std::size_t>(1 + Below(max_items)));
    for (ModelRequest& request : batch) request = Next();
    return batch;
  }

 private:
  ModelRequest Next() {
    if (!history_.empty() && OneIn(12)) {
      ModelRequest repeated =
          history_[static_cast<std::size_t>(Below(static_cast<int64_t>(history_.size())))];
      if (OneIn(3)) Alter(repeated);
      return repeated;
    }
    ModelRequest r;
    r.id = ++last_id_;
    const int64_t die = Below(100);
    r.kind = die < 40   ? "post"
             : die < 62 ? "reserve"
             : die < 82 ? "charge"
             : die < 90 ? "release"
                        : "reverse";
    const bool has_target = r.kind != "post" && r.kind != "reserve";
    if (has_target) {
      r.target = static_cast<int>(std::max<int64_t>(1, last_id_ - Below(60)));
    } else {
      r.debit = OneIn(3) ? kIssuer : Account();
      r.credit = Account();
    }
    if (has_target && OneIn(10)) r.debit = Account();
    if (has_target && OneIn(10)) r.credit = Account();
    r.amount = r.kind == "release" ? 0 : 1 + Below(OneIn(5) ? 2'000 : 100);
    r.up_to = !has_target && OneIn(6);
    r.keep = r.kind == "charge" && OneIn(2);
    if (r.kind == "reserve" && OneIn(2)) r.ttl = kStepMs * Below(10) + kStepMs / 2;
    r.linked = OneIn(8);
    if (OneIn(5)) r.reference = "ref" + std::to_string(Below(5));
    if (OneIn(12)) r.if_available = Below(500);
    if (OneIn(20)) r.if_debit_version = Below(50);
    if (OneIn(20)) r.if_credit_version = Below(50);
    if (r.debit == kSigned ? !OneIn(6) : OneIn(10)) r.signature = OneIn(6) ? "bad" : "good";
    if (!has_target && OneIn(4)) AddOnceKey(r);
    if (OneIn(40)) Spoil(r);
    history_.push_back(r);
    return r;
  }

  // A new key, or one of the last, then mostly with the content that it came with first.
  void AddOnceKey(ModelRequest& r) {
    r.once = OneIn(2) ? ++last_key_ : static_cast<int>(std::max<int64_t>(0, last_key_ - Below(8)));
    const auto [first, is_new] = first_with_key_.try_emplace(r.once, r);
    if (is_new || OneIn(5)) return;
    r.debit = first->second.debit;
    r.credit = first->second.credit;
    r.amount = first->second.amount;
  }

  int Account() { return static_cast<int>(OneIn(50) ? kUnknown : Below(kAccounts)); }

  void Alter(ModelRequest& r) {
    switch (Below(6)) {
      case 5:
        if (r.signature != "good") r.once = r.once < 0 ? 0 : -1;  // else the signature differs
        break;
      case 4:
        r.signature = r.signature.empty() ? "good" : "";
        break;
      case 0:
        r.amount += 1;
        break;
      case 1:
        r.reference += "x";
        break;
      case 2:
        r.if_available = 0;
        break;
      default:
        r.linked = !r.linked;
        break;
    }
  }

  void Spoil(ModelRequest& r) {
    switch (Below(6)) {
      case 5:
        r.once = 0;
        break;
      case 0:
        r.amount = -r.amount;
        break;
      case 1:
        r.credit = r.debit;
        break;
      case 2:
        r.keep = true;
        break;
      case 3:
        r.up_to = true;
        break;
      default:
        r.target = r.target < 0 ? 1 : -1;
        break;
    }
  }

  SeededRandom random_;
  std::vector<ModelRequest> history_;
  int last_id_ = 0;
  int last_key_ = 0;
  std::map<int, ModelRequest> first_with_key_;
};

const Ed25519PrivateKey& OwnersKey() {
  static const Ed25519PrivateKey key =
      *Ed25519PrivateKey::FromSeed(std::string(kEd25519SeedSize, 'o'));
  return key;
}

TransferItem ToItem(const ModelRequest& r) {
  static const std::map<std::string, int> kKinds = {
      {"post", 1}, {"reserve", 2}, {"charge", 3}, {"release", 4}, {"reverse", 5}};
  const auto text = [](int number, auto to_id) {
    return number < 0 ? std::string() : to_id(number).ToString();
  };
  const auto transfer_id = [](int number) { return NumberedId(static_cast<uint64_t>(number)); };
  const std::string id = transfer_id(r.id).ToString();
  const std::string target = text(r.target, transfer_id);
  const std::string debit = text(r.debit, AccountId);
  const std::string credit = text(r.credit, AccountId);
  TransferDraft draft;
  draft.id = id;
  draft.kind = kKinds.at(r.kind);
  draft.target = target;
  draft.debit = debit;
  draft.credit = credit;
  const bool has_target = draft.kind >= 3;
  draft.asset = has_target ? "" : "J";
  draft.operation = has_target ? 0 : 24;
  draft.amount = r.amount;
  draft.up_to = r.up_to;
  draft.keep_rest = r.keep;
  draft.linked = r.linked;
  draft.hold_ttl_ms = r.ttl;
  draft.reference = r.reference;
  draft.conditions = {r.if_available, r.if_debit_version, r.if_credit_version};
  const std::string once_key =
      r.once < 0 ? "" : absl::StrFormat("%016d", r.once);  // as many bytes as digits
  draft.once_key = once_key;
  TransferItem item;
  item.shape = ParseTransfer(draft, item.request);
  item.request.linked = r.linked;
  if (r.signature == "good")
    item.request.signature = OwnersKey().Sign(CanonicalBytes(item.request));
  if (r.signature == "bad") item.request.signature.assign(kEd25519SignatureSize, 'x');
  return item;
}

ModelBalances ToModel(const Balances& b) {
  return {b.posted, b.reserved, b.pending, b.granted, b.earned, b.spent, b.version};
}

struct ModelRun {
  int operations;
  int64_t max_batch;
  // After one in so many calls the other replica takes over.
  int64_t switch_one_in;
  // Different result codes that the run must come across.
  std::size_t least_codes;
};

class ModelTest : public testing::Test {
 protected:
  Engine& engine() { return is_second_ ? second_ : first_; }

  void OpenAccounts() {
    ASSERT_THAT(
        engine().writer.RegisterMember({AccountId(100), OwnersKey().public_key(), ""}, kTimeout),
        IsOk());
    model_.accounts[kIssuer].is_issuer = true;
    model_.accounts[kIssuer].balances = {-1'000'000'000, 0, 0, 0, 0, 1'000'000'000, 1};
    for (int number = 1; number < kAccounts; ++number) {
      CreateAccountCommand command{
          .id = AccountId(number), .owner = AccountId(100), .asset = AssetCode("J")};
      ReferenceModel::Account& account = model_.accounts[number];
      account.lower = 0;
      if (number == 1) account.lower = command.lower_limit = -500;
      if (number == 2) account.upper = command.upper_limit = 300;
      account.needs_signature = command.requires_signature = number == kSigned;
      if (number == kForeign) {
        account.asset = "KWH";
        command.asset = AssetCode("KWH");
      }
      ASSERT_THAT(engine().writer.CreateAccount(command, kTimeout), IsOk());
    }
    first_position_ = kTrialGrant + kAccounts - 1;
  }

  void SetState(int account, const std::string& state) {
    model_.SetState(account, state);
    ASSERT_THAT(engine().writer.SetAccountState(
                    AccountId(account),
                    state == "open" ? AccountState::kOpen : AccountState::kFrozen, kTimeout),
                IsOk());
  }

  void Advance(int64_t steps) {
    clock_.Advance(std::chrono::milliseconds(steps * kStepMs));
    model_.now_ms += steps * kStepMs;
  }

  // False when results differ.
  bool PostBoth(const std::vector<ModelRequest>& batch) {
    std::vector<TransferItem> items;
    for (const ModelRequest& request : batch) items.push_back(ToItem(request));
    if (items.back().request.linked) items.back().shape = ResultCode::kLinkedChainOpen;
    const auto expected = model_.Post(batch);
    const auto actual = engine().Post(std::move(items));
    if (actual.size() != expected.size()) return false;
    for (std::size_t i = 0; i < actual.size(); ++i) {
      const std::string name = v1::TransferResultCode_Name(static_cast<int>(actual[i].code));
      const ModelResult& want = expected[i];
      const bool committed = want.code == "OK" || want.code == "EXISTS";
      EXPECT_EQ(name, "TRANSFER_RESULT_CODE_" + want.code) << batch[i].kind << " " << batch[i].id;
      const auto holder = want.done_by < 0
                              ? std::nullopt
                              : std::optional(NumberedId(static_cast<uint64_t>(want.done_by)));
      EXPECT_EQ(actual[i].done_by, holder) << batch[i].kind << " " << batch[i].id;
      const bool has_place = committed || holder.has_value();
      EXPECT_EQ(actual[i].position, has_place ? want.position + first_position_ : 0);
      EXPECT_EQ(actual[i].moved, has_place ? want.moved : 0);
      if (committed) {
        EXPECT_EQ(ToModel(actual[i].debit_after), want.debit);
        EXPECT_EQ(ToModel(actual[i].credit_after), want.credit);
        order_[actual[i].position] = batch[i].id;
      }
      ++seen_codes_[name];
      if (HasFailure()) return false;
    }
    return true;
  }

  void CompareBalances() {
    for (const auto& [number, account] : model_.accounts) {
      const auto found = engine().store->FindAccount(AccountId(number), kTimeout);
      ASSERT_THAT(found, IsOk());
      EXPECT_EQ(ToModel((*found)->balances), account.balances) << "account " << number;
    }
  }

  // The view of a watcher: every transfer at its position, and expiries between them.
  void CompareOrder() {
    std::size_t seen = 0;
    int64_t position = 0;
    for (;;) {
      const auto page =
          engine().store->ListTransfers({}, {.after = position, .limit = 500}, kTimeout);
      ASSERT_THAT(page, IsOk());
      if (page->transfers.empty()) break;
      for (const TransferRecord& record : page->transfers) {
        ASSERT_GT(record.position, position);
        position = record.position;
        const auto expected = order_.find(position);
        if (expected == order_.end()) {
          EXPECT_TRUE(record.request.kind == TransferKind::kExpire || position == kTrialGrant);
        } else {
          ++seen;
          EXPECT_EQ(record.request.id, NumberedId(static_cast<uint64_t>(expected->second)));
        }
      }
    }
    EXPECT_EQ(seen, order_.size());
  }

  // The ledger's own check of the whole book and log agrees too.
  void CheckAndSeal() {
    const auto log = MakePgLogStore(engine().database);
    LogSealer sealer({}, {*NoteSigner::Make("model", Ed25519PrivateKey::NewSeed())}, *log, clock_,
                     engine().ledger_metrics);
    ASSERT_THAT(sealer.Run(), IsOk());
    BooksProgress last;
    const auto difference =
        CheckBooks(*log, ParsePricedUse, kTimeout, [&](const BooksProgress& progress) {
          last = progress;
          return true;
        });
    ASSERT_THAT(difference, IsOk());
    EXPECT_EQ(*difference, std::nullopt);
    EXPECT_EQ(last.sealed, last.total);
    LogProofs proofs(*engine().store, *log, engine().ledger_metrics);
    int64_t next = 0;
    for (const auto& [position, id] : order_) {
      if (position < next) continue;
      next = position + last.total / 50;
      EXPECT_THAT(proofs.ProveTransfer(NumberedId(static_cast<uint64_t>(id)), 0, kTimeout), IsOk());
    }
  }

  void RunAgainstModel(const ModelRun& run) {
    const char* chosen = std::getenv("JOULEBOOK_TEST_SEED");
    const uint64_t seed = chosen != nullptr ? std::strtoull(chosen, nullptr, 10)
                                            : MakeSystemRandom()->Next() % 1'000'000;
    std::printf("JOULEBOOK_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
    Generator generator(seed);
    const auto next_call = [&] { is_second_ ^= generator.OneIn(run.switch_one_in); };
    OpenAccounts();

    for (int operations = 0; operations < run.operations && !HasFailure();) {
      const auto batch = generator.Batch(run.max_batch);
      operations += static_cast<int>(batch.size());
      next_call();
      if (!PostBoth(batch)) break;
      Advance(1 + generator.Below(3));
      if (generator.OneIn(4)) {
        next_call();
        EXPECT_EQ(*engine().writer.ExpireHolds(1'000, kTimeout), model_.Sweep());
      }
      if (generator.OneIn(10)) {
        next_call();
        SetState(3, generator.OneIn(3) ? "frozen" : "open");
      }
    }

    CompareBalances();
    ExpectBookIsSound(engine());
    CompareOrder();
    CheckAndSeal();
    EXPECT_GE(seen_codes_.size(), run.least_codes) << "the generator no longer reaches the rules";
  }

  VirtualClock clock_;
  const std::string connection_ = MakeBookDatabase();
  Engine first_{connection_, clock_, 1};
  Engine second_{connection_, clock_, 2};
  bool is_second_ = false;  // whose turn it is
  ReferenceModel model_;
  int64_t first_position_ = 0;    // what the log holds before the model begins
  std::map<int64_t, int> order_;  // ids by position, expiries left out
  std::map<std::string, int> seen_codes_;
};

TEST_F(ModelTest, RandomOperationsGiveTheResultsOfTheReferenceModel) {
  RunAgainstModel({.operations = 100'000, .max_batch = 400, .switch_one_in = 3, .least_codes = 42});
}

TEST_F(ModelTest, CallsThatAlternateOneByOneOverTwoReplicasGiveTheResultsOfTheReferenceModel) {
  RunAgainstModel({.operations = 2'500, .max_batch = 1, .switch_one_in = 1, .least_codes = 30});
}

}  // namespace
}  // namespace joulebook::ledger
