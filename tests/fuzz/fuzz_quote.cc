// Any bytes as a signed quote: what parses is whole, is never found signed, and is priced again
// without harm.

#include <cstdint>

#include "common/rpc/signed_quote.h"
#include "common/status/check.h"
#include "services/costing/domain/tariff_fixture.h"
#include "services/costing/rpc/convert_quote.h"
#include "services/ledger/rpc/parse_quote.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace joulebook;
  static const auto signer = *NoteSigner::Make("fuzz", std::string(32, 'f'));
  static BatchVerifier verifier(kQuoteContext, {signer.verifier()});
  static const costing::Tariff tariff = costing::Patched();
  const std::string bytes(reinterpret_cast<const char*>(data), size);

  type::v1::SignedQuote quote;
  if (!quote.ParseFromString(bytes)) quote.set_terms(bytes);
  if (const auto proof = ProofOf(quote); proof.has_value()) {
    JB_CHECK(!verifier.Verify(quote.terms(), *proof));
  }
  const auto parsed = ledger::ParseQuote(quote);
  if (parsed.has_value()) JB_CHECK(parsed->total >= 0 && parsed->uses >= 1);

  type::v1::QuoteTerms proto;
  if (!proto.ParseFromString(quote.terms())) return 0;
  const auto terms = costing::FromProto(proto);
  if (!terms.ok()) return 0;
  const auto price = costing::PriceAgain(tariff, *terms);
  if (!price.ok()) return 0;
  int64_t sum = 0;
  for (const int64_t part : price->parts) {
    JB_CHECK(part >= 0);
    sum += part;
  }
  JB_CHECK(sum == price->total);
  // Our own text is read back as it was.
  type::v1::QuoteTerms again;
  costing::ToProto(*terms, again);
  const auto reread = costing::FromProto(again);
  JB_CHECK(reread.ok() && reread->usage == terms->usage);
  return 0;
}
