#include "absl/strings/str_cat.h"
#include "common/rpc/signed_quote.h"
#include "services/costing/domain/tariff_document.h"
#include "services/costing/rpc/convert_quote.h"
#include "tools/verify/parse.h"

namespace joulebook::verify {
namespace {

bool Differs(int64_t recorded, int64_t priced) { return recorded != 0 && recorded != priced; }

// Whether size, duration and redundancy are those that were priced, or left out. A slice of a
// session by bytes or seconds priced its own units (docs/reference/quotes.md).
absl::Status CheckRecorded(const ledger::TransferRecord& record, const costing::QuoteTerms& terms) {
  int64_t size_bytes = terms.usage.size_bytes;
  int64_t duration_s = terms.usage.duration_s;
  if (terms.session.has_value()) {
    const costing::SessionSlice& slice = *terms.session;
    if (slice.unit == costing::MeteredUnit::kBytes) size_bytes = slice.slice_units;
    if (slice.unit == costing::MeteredUnit::kSeconds) duration_s = slice.slice_units;
  }
  const ledger::UsageDetails& recorded = record.request.usage;
  if (!Differs(recorded.data_size_bytes, size_bytes) && !Differs(recorded.duration_s, duration_s) &&
      !Differs(recorded.redundancy, terms.usage.copies)) {
    return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrCat("transfer ", record.request.id.ToString(),
                                          " records another size, duration or redundancy than "
                                          "its quote priced"));
}

// The terms of the transfer's quote, once its signature and its price were found right, and the
// transfer to be what they say.
absl::StatusOr<costing::QuoteTerms> CheckQuote(const ledger::TransferRecord& record,
                                               const costing::Tariff& tariff,
                                               const std::string& tariff_hash, Keys quote_keys) {
  type::v1::SignedQuote quote;
  type::v1::QuoteTerms proto;
  if (!quote.ParseFromString(record.request.quote) || !proto.ParseFromString(quote.terms())) {
    return absl::DataLossError(
        absl::StrCat("transfer ", record.request.id.ToString(), " has no quote"));
  }
  BatchVerifier verifier(kQuoteContext, {quote_keys.begin(), quote_keys.end()});
  const auto proof = ProofOf(quote);
  if (!proof.has_value() || !verifier.Verify(quote.terms(), *proof)) {
    return absl::UnauthenticatedError("no known key signed the quote");
  }
  JB_ASSIGN_OR_RETURN(const costing::QuoteTerms terms, costing::FromProto(proto));
  if (terms.tariff_hash != tariff_hash) {
    return absl::DataLossError("the quote was made from another tariff");
  }
  JB_ASSIGN_OR_RETURN(const costing::PriceTotals price, costing::PriceAgain(tariff, terms));
  if (price != terms.price) {
    return absl::DataLossError(absl::StrCat("the quote says ", terms.price.total,
                                            " micro-joules, its tariff ", price.total));
  }
  if (record.operation != terms.usage.operation) {
    return absl::DataLossError("the quote is for another operation");
  }
  if (terms.payee.kind == costing::Payee::Kind::kAccount && record.credit != terms.payee.id) {
    return absl::DataLossError("the quote is to be paid to another account");
  }
  JB_RETURN_IF_ERROR(CheckRecorded(record, terms));
  return terms;
}

// Only these pay. A transfer that the log holds was committed: a refusal has another leaf.
absl::Status CheckPays(const ledger::TransferRecord& record) {
  const ledger::TransferKind kind = record.request.kind;
  if (kind == ledger::TransferKind::kPost || kind == ledger::TransferKind::kCharge) {
    return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrCat("transfer ", record.request.id.ToString(),
                                          " is no POST and no CHARGE: nothing was paid by it"));
}

absl::Status CheckMoved(const ledger::TransferRecord& record, const costing::QuoteTerms& terms) {
  if (record.moved == terms.price.total) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("transfer ", record.request.id.ToString(), " moved ",
                                          record.moved, " micro-joules, its price is ",
                                          terms.price.total));
}

absl::Status CheckFinal(const costing::QuoteTerms& terms) {
  if (!terms.needs_settlement) return absl::OkStatus();
  return absl::DataLossError("the quote needs a settlement and the charge has none");
}

// Whose quote is the price of the charge: its own, or that of its reservation.
absl::StatusOr<costing::QuoteTerms> PriceOf(const ledger::v1::ChargeProof& proof,
                                            const ledger::TransferRecord& charge,
                                            const costing::Tariff& tariff,
                                            const std::string& tariff_hash, Keys keys,
                                            Keys quote_keys) {
  if (charge.request.kind == ledger::TransferKind::kPost) {
    JB_ASSIGN_OR_RETURN(auto terms, CheckQuote(charge, tariff, tariff_hash, quote_keys));
    JB_RETURN_IF_ERROR(CheckFinal(terms));
    return terms;
  }
  JB_ASSIGN_OR_RETURN(const ProvenTransfer reservation, Prove(proof.reservation(), keys));
  if (reservation.record.request.id != *charge.request.target) {
    return absl::DataLossError("the reservation is not that of the charge");
  }
  if (reservation.record.request.kind != ledger::TransferKind::kReserve) {
    return absl::DataLossError("what was charged is no RESERVE");
  }
  JB_ASSIGN_OR_RETURN(auto reserved,
                      CheckQuote(reservation.record, tariff, tariff_hash, quote_keys));
  JB_RETURN_IF_ERROR(CheckMoved(reservation.record, reserved));
  if (charge.request.quote.empty()) {
    JB_RETURN_IF_ERROR(CheckFinal(reserved));
    JB_RETURN_IF_ERROR(CheckRecorded(charge, reserved));
    return reserved;
  }
  JB_ASSIGN_OR_RETURN(auto settled, CheckQuote(charge, tariff, tariff_hash, quote_keys));
  if (settled.settles != reserved.id) {
    return absl::DataLossError("the charge's quote does not settle that of its reservation");
  }
  return settled;
}

}  // namespace

absl::StatusOr<std::string> VerifyCharge(std::string_view json, Keys keys, Keys quote_keys) {
  ledger::v1::ChargeProof proof;
  JB_RETURN_IF_ERROR(ParseJson(json, proof));
  JB_ASSIGN_OR_RETURN(const ProvenTransfer charge, Prove(proof.charge(), keys));
  JB_RETURN_IF_ERROR(CheckPays(charge.record));
  const std::string hash(AsBytes(Sha256(proof.tariff_document())));
  if (charge.record.tariff_hash != hash) {
    return absl::DataLossError("the tariff is not the one whose hash the charge keeps");
  }
  JB_ASSIGN_OR_RETURN(const auto document,
                      costing::ParseTariff(proof.tariff_document(), absl::LoadTimeZone));
  JB_ASSIGN_OR_RETURN(const auto terms,
                      PriceOf(proof, charge.record, document.tariff, hash, keys, quote_keys));
  JB_RETURN_IF_ERROR(CheckMoved(charge.record, terms));
  return absl::StrCat("the charge of ", charge.record.moved, " micro-joules is entry ",
                      charge.record.position, " of the log that ", charge.checkpoint.origin,
                      " signed; its signed quote says exactly that, and so does the tariff ",
                      terms.tariff_name, ":", terms.tariff_version, " with SHA-256 ", ToHex(hash));
}

}  // namespace joulebook::verify
