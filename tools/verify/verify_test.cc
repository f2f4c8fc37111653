#include "tools/verify/verify.h"

#include <google/protobuf/util/json_util.h>

#include <functional>
#include <sstream>

#include "common/crypto/merkle.h"
#include "common/testing/matchers.h"
#include "joulebook/ledger/v1/log.pb.h"
#include "services/ledger/domain/canonical.h"
#include "services/ledger/domain/decide_transfers.h"
#include "services/ledger/rpc/convert_transfer.h"
#include "tools/verify/parse.h"

namespace joulebook::verify {
namespace {

Uuid Id(uint8_t kind, uint8_t number) {
  Uuid id;
  id.bytes[0] = kind;
  id.bytes[15] = number;
  return id;
}

std::string ToJson(const google::protobuf::Message& message) {
  std::string json;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(message, &json).ok());
  return json;
}

// A small book, decided by the ledger's own rules, and its signed log.
class VerifyTest : public testing::Test {
 protected:
  void SetUp() override {
    ledger::BookView view;
    for (uint8_t number = 1; number <= 3; ++number) {
      ledger::Account account;
      account.id = Id(1, number);
      account.asset = AssetCode("J");
      account.role = ledger::AccountRole::kExternal;
      view.accounts[account.id] = account;
    }
    ledger::Changes changes;
    std::vector<ledger::TransferItem> items;
    for (uint8_t i = 1; i <= kTransfers; ++i) items.push_back(Item(i));
    const auto outcomes = ledger::DecideTransfers(
        items, [](auto, auto, auto) { return false; }, view, changes);
    for (const auto& outcome : outcomes) ASSERT_EQ(outcome.code, ledger::ResultCode::kOk);
    records_ = changes.transfers;
    for (const auto& record : records_) {
      leaves_.push_back(MerkleLeafHash(ledger::CanonicalBytes(record)));
    }
  }

  static ledger::TransferItem Item(uint8_t number) {
    ledger::TransferItem item;
    ledger::TransferRequest& r = item.request;
    r.id = Id(2, number);
    r.amount = number;
    if (number == 5) {  // charges the hold of 4
      r.kind = ledger::TransferKind::kCharge;
      r.target = Id(2, 4);
      return item;
    }
    r.kind = number == 4 ? ledger::TransferKind::kReserve : ledger::TransferKind::kPost;
    if (number == 4) r.amount = 9;
    r.debit = Id(1, 1);
    r.credit = Id(1, number % 2 == 0 ? 2 : 3);
    r.asset = AssetCode("J");
    r.operation = 24;
    if (number == 1) r.once_key = kKey;
    return item;
  }

  ledger::v1::Checkpoint Checkpoint(std::size_t size) const {
    const Sha256Digest root = MerkleRoot(std::span(leaves_).first(size));
    ledger::v1::Checkpoint checkpoint;
    checkpoint.set_note(SignNote(FormatCheckpoint({"log", size, root}), std::span(&signer_, 1)));
    checkpoint.set_tree_size(static_cast<int64_t>(size));
    checkpoint.set_root_hash(std::string(AsBytes(root)));
    return checkpoint;
  }
  MerkleRangeRoot Ranges() const {
    return [this](uint64_t start, uint64_t size) -> absl::StatusOr<Sha256Digest> {
      return MerkleRoot(std::span(leaves_).subspan(start, size));
    };
  }
  ledger::v1::TransferProof Proof(std::size_t index) const {
    ledger::v1::TransferProof proof;
    ledger::ToProto(records_[index], *proof.mutable_transfer());
    proof.set_leaf_index(static_cast<int64_t>(index));
    const auto hashes = MerkleInclusionProof(kTransfers, index, Ranges());
    for (const auto& hash : *hashes) proof.add_hashes(std::string(AsBytes(hash)));
    *proof.mutable_checkpoint() = Checkpoint(kTransfers);
    return proof;
  }
  ledger::v1::StatementExport Statement() const {
    ledger::v1::StatementExport statement;
    statement.set_account_id(Id(1, 1).ToString());
    for (std::size_t i = 0; i < kTransfers; ++i) *statement.add_lines() = Proof(i);
    return statement;
  }
  // The whole log as text, with one record changed.
  std::string Log(std::size_t changed,
                  const std::function<void(ledger::v1::Transfer&)>& change) const {
    ledger::v1::LogExportHeader header;
    *header.mutable_checkpoint() = Checkpoint(kTransfers);
    std::string text = ToJson(header) + "\n";
    for (std::size_t i = 0; i < kTransfers; ++i) {
      ledger::v1::LogRecord record;
      record.set_position(records_[i].position);
      ledger::v1::Transfer& transfer = *record.mutable_transfer();
      ledger::ToProto(records_[i], transfer);
      transfer.set_leaf_hash(std::string(AsBytes(leaves_[i])));
      if (i == changed) change(transfer);
      text += ToJson(record) + "\n";
    }
    return text;
  }
  absl::StatusOr<std::string> CheckLog(const std::string& text) const {
    std::istringstream lines(text);
    return VerifyLog(lines, keys_);
  }

  static constexpr uint8_t kTransfers = 7;
  static constexpr ledger::OnceKey kKey{{1, 2, 3}};
  const NoteSigner signer_ = *NoteSigner::Make("log", std::string(kEd25519SeedSize, 'k'));
  const std::vector<NoteVerifier> keys_ = {signer_.verifier()};
  std::vector<ledger::TransferRecord> records_;
  std::vector<Sha256Digest> leaves_;
};

TEST_F(VerifyTest, ProofsHoldAndNoAlteredOneDoes) {
  for (std::size_t i = 0; i < kTransfers; ++i) {
    EXPECT_THAT(VerifyTransferProof(ToJson(Proof(i)), keys_), IsOk());
  }
  using Change = std::function<void(ledger::v1::TransferProof&)>;
  const Change changes[] = {
      [](auto& p) { p.mutable_transfer()->set_moved_minor(99); },
      [](auto& p) { p.mutable_transfer()->mutable_request()->set_reference("x"); },
      [](auto& p) { p.mutable_transfer()->mutable_debit_balances()->set_posted_minor(99); },
      [](auto& p) { p.mutable_transfer()->set_position(2); },
      [](auto& p) { p.set_leaf_index(1); },
      [](auto& p) { p.mutable_hashes()->RemoveLast(); },
      [](auto& p) { p.set_hashes(0, std::string(32, 'x')); },
      [](auto& p) { p.mutable_checkpoint()->set_tree_size(6); },
      [](auto& p) { p.mutable_checkpoint()->set_root_hash(std::string(32, 'x')); },
  };
  for (std::size_t i = 0; i < std::size(changes); ++i) {
    auto proof = Proof(2);
    changes[i](proof);
    EXPECT_EQ(VerifyTransferProof(ToJson(proof), keys_).status().code(),
              absl::StatusCode::kDataLoss)
        << i;
  }
  const auto other = NoteSigner::Make("log", std::string(kEd25519SeedSize, 'o'));
  EXPECT_EQ(VerifyTransferProof(ToJson(Proof(0)), std::vector{other->verifier()}).status().code(),
            absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(VerifyTransferProof("{\"nonsense\": 1}", keys_).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(VerifyTest, ConsistencyHoldsBetweenAnyTwoCheckpoints) {
  for (std::size_t old_size = 1; old_size <= kTransfers; ++old_size) {
    ledger::v1::ConsistencyProof proof;
    *proof.mutable_old_checkpoint() = Checkpoint(old_size);
    *proof.mutable_new_checkpoint() = Checkpoint(kTransfers);
    const auto hashes = MerkleConsistencyProof(kTransfers, old_size, Ranges());
    for (const auto& hash : *hashes) proof.add_hashes(std::string(AsBytes(hash)));
    EXPECT_THAT(VerifyConsistencyProof(ToJson(proof), keys_), IsOk());
    proof.add_hashes(std::string(32, 'x'));
    EXPECT_EQ(VerifyConsistencyProof(ToJson(proof), keys_).status().code(),
              absl::StatusCode::kDataLoss);
  }
}

TEST_F(VerifyTest, AStatementIsWholeOrNamesTheChangeThatIsMissing) {
  EXPECT_THAT(VerifyStatement(ToJson(Statement()), keys_), IsOk());
  auto missing = Statement();
  missing.mutable_lines()->DeleteSubrange(3, 1);
  const auto status = VerifyStatement(ToJson(missing), keys_).status();
  EXPECT_NE(status.message().find("change 4 of the account is missing"), absl::string_view::npos);
  auto foreign = Statement();
  foreign.set_account_id(Id(1, 2).ToString());
  EXPECT_EQ(VerifyStatement(ToJson(foreign), keys_).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_FALSE(VerifyStatement("{}", keys_).ok());
}

TEST_F(VerifyTest, ALogIsWholeOrNamesTheRecordThatIsWrong) {
  const auto nothing = [](ledger::v1::Transfer&) {};
  EXPECT_THAT(CheckLog(Log(0, nothing)), IsOk());
  const auto note = CheckLog(Log(1, [](auto& r) { r.mutable_request()->set_reference("x"); }));
  EXPECT_NE(note.status().message().find("record 2: "), absl::string_view::npos);
  const auto moved = CheckLog(Log(2, [](auto& r) { r.set_moved_minor(99); }));
  EXPECT_NE(moved.status().message().find("record 3: "), absl::string_view::npos);
  // With its leaf hash made to fit, the balances tell, or else the signed root.
  const auto fit = [](ledger::v1::Transfer& r) {
    const auto record = ledger::FromProto(r);
    r.set_leaf_hash(std::string(AsBytes(MerkleLeafHash(ledger::CanonicalBytes(*record)))));
  };
  const auto balances = CheckLog(Log(2, [&](auto& r) {
    r.mutable_debit_balances()->set_posted_minor(99);
    fit(r);
  }));
  EXPECT_NE(balances.status().message().find("record 3: "), absl::string_view::npos);
  const auto reference = CheckLog(Log(2, [&](auto& r) {
    r.mutable_request()->set_reference("x");
    fit(r);
  }));
  EXPECT_EQ(reference.status().code(), absl::StatusCode::kDataLoss);
  const auto twice = CheckLog(Log(1, [&](auto& r) {
    r.mutable_request()->set_once_key(kKey.bytes.data(), kKey.bytes.size());
    fit(r);
  }));
  EXPECT_NE(twice.status().message().find("record 2: "), absl::string_view::npos);
  EXPECT_NE(twice.status().message().find("has its once key"), absl::string_view::npos);
  std::string cut = Log(0, nothing);
  cut.resize(cut.rfind('\n', cut.size() - 2) + 1);
  EXPECT_NE(CheckLog(cut).status().message().find("6 records and 7 were signed"),
            absl::string_view::npos);
  EXPECT_FALSE(CheckLog("").ok());
}

// A quote as the first versions of costing made them: nobody is named who is paid.
type::v1::SignedQuote QuoteWithoutPayee() {
  type::v1::QuoteTerms terms;
  terms.set_quote_id(Id(3, 1).ToString());
  terms.set_member_id(Id(4, 1).ToString());
  terms.set_tariff_hash(std::string(32, 't'));
  terms.set_total_microjoules(2);
  type::v1::SignedQuote quote;
  quote.set_terms(terms.SerializeAsString());
  quote.set_signature(std::string(64, 's'));
  return quote;
}

// Requests that would be refused by their shape today, and stand in logs.
std::vector<ledger::TransferRequest> RequestsOfBefore(const ledger::TransferRequest& request) {
  const std::string unknown_field("\xc2\x3e\x03pad", 6);  // number 1000, three bytes
  type::v1::SignedQuote padded_terms = QuoteWithoutPayee();
  padded_terms.mutable_terms()->append(unknown_field);
  std::vector<ledger::TransferRequest> requests(6, request);
  requests[0].quote = QuoteWithoutPayee().SerializeAsString();
  requests[1].quote = padded_terms.SerializeAsString();
  requests[2].quote = QuoteWithoutPayee().SerializeAsString() + unknown_field;
  requests[3].quote = QuoteWithoutPayee().SerializeAsString();
  requests[3].up_to = true;
  requests[4].reference = std::string(1'000, 'x');
  requests[4].usage = {std::string(100, 'b'), 1, 2, 300};
  requests[5].hold_ttl_ms = 1'000;  // of a POST
  requests[5].operation = 0;
  return requests;
}

TEST_F(VerifyTest, WhatWouldBeRefusedTodayIsReadAsItWasCommitted) {
  for (const auto& request : RequestsOfBefore(records_[1].request)) {
    records_[1].request = request;
    leaves_[1] = MerkleLeafHash(ledger::CanonicalBytes(records_[1]));
    EXPECT_THAT(CheckLog(Log(0, [](ledger::v1::Transfer&) {})), IsOk());
    EXPECT_THAT(VerifyTransferProof(ToJson(Proof(1)), keys_), IsOk());
    EXPECT_THAT(VerifyStatement(ToJson(Statement()), keys_), IsOk());

    const auto refused =
        ledger::RefusalOf(request, ledger::ResultCode::kExceedsAvailable, 0, records_[1].recorded);
    ledger::v1::RefusedTransfer written, exported;
    ledger::ToProto(refused, written);
    ASSERT_THAT(ParseJson(ToJson(written), exported), IsOk());
    const auto read = ledger::FromProto(exported);
    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(ledger::CanonicalBytes(*read), ledger::CanonicalBytes(refused));
  }
}

TEST_F(VerifyTest, ARecordThatCannotBeReadNamesTheField) {
  struct Case {
    const char* field;
    std::function<void(ledger::v1::TransferRequest&)> change;
  };
  const Case cases[] = {
      {"request.id", [](auto& r) { r.set_id("x"); }},
      {"request.kind", [](auto& r) { r.clear_kind(); }},
      {"request.kind", [](auto& r) { r.set_kind(static_cast<ledger::v1::TransferKind>(7)); }},
      {"request.target_id", [](auto& r) { r.set_target_id("x"); }},
      {"request.debit_account_id", [](auto& r) { r.set_debit_account_id("x"); }},
      {"request.credit_account_id", [](auto& r) { r.set_credit_account_id("x"); }},
      {"request.asset_code", [](auto& r) { r.set_asset_code("joule"); }},
      {"request.hold_ttl_ms", [](auto& r) { r.set_hold_ttl_ms(-1); }},
      {"request.hold_ttl_ms", [](auto& r) { r.set_hold_ttl_ms(INT64_MAX); }},
      {"request.effective_time", [](auto& r) { r.mutable_effective_time()->set_nanos(1); }},
      {"request.once_key", [](auto& r) { r.set_once_key("short"); }},
  };
  const auto two_quotes = CheckLog(
      Log(1, [](auto& r) { r.set_padded_quote(QuoteWithoutPayee().SerializeAsString()); }));
  EXPECT_NE(two_quotes.status().message().find("request.quote"), absl::string_view::npos);
  for (const Case& c : cases) {
    const auto log = CheckLog(Log(1, [&](auto& r) { c.change(*r.mutable_request()); }));
    EXPECT_EQ(log.status().code(), absl::StatusCode::kDataLoss) << c.field;
    EXPECT_NE(log.status().message().find(c.field), absl::string_view::npos) << log.status();
  }
}

}  // namespace
}  // namespace joulebook::verify
