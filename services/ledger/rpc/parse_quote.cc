#include "services/ledger/rpc/parse_quote.h"

#include "common/rpc/timestamps.h"

namespace joulebook::ledger {
namespace {
constexpr std::size_t kTariffHashBytes = 32;
}  // namespace

std::optional<Quote> ParseQuote(const type::v1::SignedQuote& proto) {
  type::v1::QuoteTerms terms;
  if (!terms.ParseFromString(proto.terms())) return std::nullopt;
  const auto id = Uuid::Parse(terms.quote_id());
  const auto member = Uuid::Parse(terms.member_id());
  const auto settles = Uuid::Parse(terms.settles_quote_id());
  const auto expires = ReadTimestamp(terms.expire_time());
  const auto at = ReadTimestamp(terms.usage().time());
  const auto issued = ReadTimestamp(terms.issued_time());
  const bool is_whole = id.has_value() && member.has_value() && expires.has_value() &&
                        at.has_value() && issued.has_value() &&
                        (settles.has_value() || terms.settles_quote_id().empty()) &&
                        terms.tariff_hash().size() == kTariffHashBytes &&
                        terms.total_microjoules() >= 0 && terms.usage().count() >= 1;
  if (!is_whole) return std::nullopt;
  return Quote{.id = *id,
               .member = *member,
               .operation = terms.usage().operation_type(),
               .total = terms.total_microjoules(),
               .count = terms.usage().count(),
               .reputation_ppm = terms.usage().reputation_ppm(),
               .starts = *at > *issued ? *at : Time(),
               .expires = *expires,
               .tariff_hash = terms.tariff_hash(),
               .settles = settles};
}

}  // namespace joulebook::ledger
