// Charge proofs of a book made by hand, as a ledger that holds nobody to a quote would have it.

#include <google/protobuf/util/json_util.h>

#include <fstream>
#include <sstream>

#include "common/rpc/signed_quote.h"
#include "common/testing/matchers.h"
#include "joulebook/ledger/v1/log.pb.h"
#include "services/costing/domain/tariff_document.h"
#include "services/costing/rpc/convert_quote.h"
#include "services/ledger/domain/canonical.h"
#include "services/ledger/rpc/convert_transfer.h"
#include "tools/verify/verify.h"

namespace joulebook::verify {
namespace {

using ledger::TransferKind;
using ledger::TransferRecord;

constexpr int kBlockStore = 1;

Uuid Id(uint8_t kind, uint8_t number) {
  Uuid id;
  id.bytes[0] = kind;
  id.bytes[15] = number;
  return id;
}

costing::TariffDocument ShippedTariff() {
  std::ifstream file(JOULEBOOK_SOURCE_DIR "/services/costing/tariffs/constants.json");
  std::stringstream text;
  text << file.rdbuf();
  return costing::ParseTariff(text.str(), absl::LoadTimeZone).value();
}

class VerifyChargeTest : public testing::Test {
 protected:
  // A search that expects, or found, so many results.
  costing::QuoteTerms Search(uint8_t number, int64_t results) const {
    costing::QuoteTerms terms{.id = Id(3, number),
                              .member = Id(1, 1),
                              .usage = {.operation = 28, .copies = 1, .results = results},
                              .tariff_name = "constants",
                              .tariff_version = 1,
                              .tariff_hash = hash_,
                              .payee = {.role = costing::PayeeRole::kEscrow},
                              .needs_settlement = true};
    terms.price = costing::PriceAgain(tariff_.tariff, terms).value();
    return terms;
  }
  costing::QuoteTerms Settlement(const costing::QuoteTerms& of, int64_t results) const {
    costing::QuoteTerms terms = Search(9, results);
    terms.settles = of.id;
    terms.needs_settlement = false;
    return terms;
  }

  std::string Sign(const costing::QuoteTerms& terms) const {
    type::v1::QuoteTerms proto;
    costing::ToProto(terms, proto);
    type::v1::SignedQuote quote;
    quote.set_terms(proto.SerializeAsString());
    const Sha256Digest leaf = BatchLeaf(kQuoteContext, quote.terms());
    SetProof(SignBatch(quote_signer_, kQuoteContext, {&leaf, 1})[0], quote);
    return quote.SerializeAsString();
  }

  TransferRecord Record(TransferKind kind, uint8_t number, int64_t moved,
                        const costing::QuoteTerms* quote) const {
    TransferRecord record;
    ledger::TransferRequest& request = record.request;
    request.id = Id(2, number);
    request.kind = kind;
    request.amount = moved;
    if (kind == TransferKind::kExpire) {  // says nothing else
      request = {.id = request.id, .kind = kind, .target = Id(2, 1)};
    } else if (kind != TransferKind::kPost && kind != TransferKind::kReserve) {
      if (kind == TransferKind::kRelease) request.amount = 0;
      request.target = Id(2, 1);
    } else {
      request.debit = Id(1, 1);
      request.credit = Id(1, 2);
      request.asset = AssetCode("J");
      request.operation = 28;
    }
    if (quote != nullptr) request.quote = Sign(*quote);
    record.position = number;
    record.debit = Id(1, 1);
    record.credit = Id(1, 2);
    record.asset = AssetCode("J");
    record.operation = 28;
    record.moved = moved;
    record.quote_id = Id(3, 1);
    record.tariff_hash = hash_;
    return record;
  }

  // The check's answer on the last of these records, whose reservation is the first.
  std::string Check(const std::vector<TransferRecord>& records) const {
    std::vector<Sha256Digest> leaves;
    for (const auto& record : records) {
      leaves.push_back(MerkleLeafHash(ledger::CanonicalBytes(record)));
    }
    ledger::v1::ChargeProof proof;
    proof.set_tariff_document(tariff_.canonical);
    SetProofOf(records, leaves, records.size() - 1, *proof.mutable_charge());
    if (records.size() > 1) SetProofOf(records, leaves, 0, *proof.mutable_reservation());
    std::string json;
    EXPECT_TRUE(google::protobuf::util::MessageToJsonString(proof, &json).ok());
    const std::vector<NoteVerifier> log_keys{log_signer_.verifier()};
    const std::vector<NoteVerifier> quote_keys{quote_signer_.verifier()};
    const auto verified = VerifyCharge(json, log_keys, quote_keys);
    return verified.ok() ? *verified : std::string(verified.status().message());
  }

  void SetProofOf(const std::vector<TransferRecord>& records,
                  const std::vector<Sha256Digest>& leaves, std::size_t index,
                  ledger::v1::TransferProof& proof) const {
    ledger::ToProto(records[index], *proof.mutable_transfer());
    proof.set_leaf_index(static_cast<int64_t>(index));
    const MerkleRangeRoot ranges = [&](uint64_t start,
                                       uint64_t size) -> absl::StatusOr<Sha256Digest> {
      return MerkleRoot(std::span(leaves).subspan(start, size));
    };
    const auto hashes = MerkleInclusionProof(leaves.size(), index, ranges);
    for (const auto& hash : *hashes) proof.add_hashes(std::string(AsBytes(hash)));
    const Sha256Digest root = MerkleRoot(leaves);
    auto& checkpoint = *proof.mutable_checkpoint();
    checkpoint.set_note(
        SignNote(FormatCheckpoint({"log", leaves.size(), root}), std::span(&log_signer_, 1)));
    checkpoint.set_tree_size(static_cast<int64_t>(leaves.size()));
    checkpoint.set_root_hash(std::string(AsBytes(root)));
  }

  const costing::TariffDocument tariff_ = ShippedTariff();
  const std::string hash_{AsBytes(Sha256(tariff_.canonical))};
  const NoteSigner log_signer_ = *NoteSigner::Make("log", std::string(kEd25519SeedSize, 'k'));
  const NoteSigner quote_signer_ = *NoteSigner::Make("quotes", std::string(kEd25519SeedSize, 'q'));
};

TEST_F(VerifyChargeTest, ExactlyThePriceWasChargedOrTheProofSaysWhatWas) {
  const auto quoted = Search(1, 100);
  const auto settled = Settlement(quoted, 3);
  const int64_t price = quoted.price.total, actual = settled.price.total;
  ASSERT_LT(actual, price);
  const TransferRecord reservation = Record(TransferKind::kReserve, 1, price, &quoted);
  const auto charge = [&](int64_t moved) {
    return Record(TransferKind::kCharge, 2, moved, &settled);
  };
  EXPECT_THAT(Check({reservation, charge(actual)}), testing::HasSubstr("says exactly that"));
  EXPECT_THAT(Check({reservation, charge(actual - 1)}), testing::HasSubstr("its price is"));
  EXPECT_THAT(Check({reservation, charge(actual + 1)}), testing::HasSubstr("its price is"));
  EXPECT_THAT(Check({Record(TransferKind::kReserve, 1, price - 1, &quoted), charge(actual)}),
              testing::HasSubstr("its price is"));
  EXPECT_THAT(Check({reservation, Record(TransferKind::kCharge, 2, price, nullptr)}),
              testing::HasSubstr("needs a settlement"));
  EXPECT_THAT(Check({Record(TransferKind::kPost, 1, price, &quoted)}),
              testing::HasSubstr("needs a settlement"));
}

TEST_F(VerifyChargeTest, WhatWasPricedIsWhatWasRecorded) {
  auto quoted = Search(1, 100);
  quoted.needs_settlement = false;
  const TransferRecord post = Record(TransferKind::kPost, 1, quoted.price.total, &quoted);
  EXPECT_THAT(Check({post}), testing::HasSubstr("says exactly that"));
  TransferRecord other = post;
  other.request.usage.data_size_bytes = 1;
  EXPECT_THAT(Check({other}), testing::HasSubstr("records another size"));
  other = post;
  other.request.usage.redundancy = 2;
  EXPECT_THAT(Check({other}), testing::HasSubstr("records another size"));
  other = post;
  other.request.usage.duration_s = 1;
  EXPECT_THAT(Check({other}), testing::HasSubstr("records another size"));
  other = post;
  other.request.operation = other.operation = 29;
  EXPECT_THAT(Check({other}), testing::HasSubstr("another operation"));
  quoted.payee = {.kind = costing::Payee::Kind::kAccount, .id = Id(1, 3)};
  EXPECT_THAT(Check({Record(TransferKind::kPost, 1, quoted.price.total, &quoted)}),
              testing::HasSubstr("another account"));
}

TEST_F(VerifyChargeTest, ASlicePricedItsOwnUnits) {
  constexpr int64_t kDay = 86'400;
  auto grant = Search(1, 0);
  grant.usage = {.operation = kBlockStore, .size_bytes = int64_t{9} << 30, .duration_s = 9 * kDay};
  grant.needs_settlement = false;
  const auto check = [&](const ledger::UsageDetails& recorded) {
    grant.price = costing::PriceAgain(tariff_.tariff, grant).value();
    TransferRecord post = Record(TransferKind::kPost, 1, grant.price.total, &grant);
    post.request.operation = post.operation = kBlockStore;
    post.request.usage = recorded;
    return Check({post});
  };
  grant.session = {.session = Id(4, 1),
                   .number = 1,
                   .unit = costing::MeteredUnit::kBytes,
                   .slice_units = int64_t{1} << 30};
  EXPECT_THAT(check({.data_size_bytes = int64_t{1} << 30, .duration_s = 9 * kDay}),
              testing::HasSubstr("says exactly that"));
  EXPECT_THAT(check({.data_size_bytes = int64_t{9} << 30}),
              testing::HasSubstr("records another size"));
  grant.session->unit = costing::MeteredUnit::kSeconds;
  grant.session->slice_units = kDay;
  EXPECT_THAT(check({.data_size_bytes = int64_t{9} << 30, .duration_s = kDay}),
              testing::HasSubstr("says exactly that"));
  EXPECT_THAT(check({.duration_s = 9 * kDay}), testing::HasSubstr("records another size"));
}

// Each is in the log, moves the whole price and keeps the quote: nobody was paid by it.
class NoChargeTest : public VerifyChargeTest, public testing::WithParamInterface<TransferKind> {};

TEST_P(NoChargeTest, ProvesNoPayment) {
  auto quoted = Search(1, 100);
  quoted.needs_settlement = false;
  const int64_t price = quoted.price.total;
  const TransferRecord reservation = Record(TransferKind::kReserve, 1, price, &quoted);
  ASSERT_THAT(Check({reservation, Record(TransferKind::kCharge, 2, price, nullptr)}),
              testing::HasSubstr("says exactly that"));
  const bool is_reservation = GetParam() == TransferKind::kReserve;
  EXPECT_THAT(is_reservation ? Check({reservation})
                             : Check({reservation, Record(GetParam(), 2, price, nullptr)}),
              testing::HasSubstr("no POST and no CHARGE"));
}

INSTANTIATE_TEST_SUITE_P(Kinds, NoChargeTest,
                         testing::Values(TransferKind::kReserve, TransferKind::kRelease,
                                         TransferKind::kReverse, TransferKind::kExpire));

TEST_F(VerifyChargeTest, WhatIsChargedIsAHold) {
  auto quoted = Search(1, 100);
  quoted.needs_settlement = false;
  const int64_t price = quoted.price.total;
  EXPECT_THAT(Check({Record(TransferKind::kPost, 1, price, &quoted),
                     Record(TransferKind::kCharge, 2, price, nullptr)}),
              testing::HasSubstr("no RESERVE"));
}

TEST_F(VerifyChargeTest, ARefusalProvesNoPayment) {
  auto quoted = Search(1, 100);
  quoted.needs_settlement = false;
  TransferRecord refused = Record(TransferKind::kPost, 1, quoted.price.total, &quoted);
  refused.result = ledger::ResultCode::kExceedsAvailable;
  EXPECT_THAT(Check({refused}), testing::HasSubstr("not in the signed log"));
}

}  // namespace
}  // namespace joulebook::verify
