#include "services/ledger/rpc/parse_quote.h"

#include "common/rpc/timestamps.h"

namespace joulebook::ledger {
namespace {

constexpr std::size_t kTariffHashBytes = 32;

std::optional<Payee> ParsePayee(const type::v1::Payee& proto) {
  switch (proto.payee_case()) {
    case type::v1::Payee::kRole:
      if (proto.role() == type::v1::PAYEE_ROLE_UNSPECIFIED ||
          !type::v1::PayeeRole_IsValid(proto.role())) {
        return std::nullopt;
      }
      return static_cast<AccountRole>(proto.role());
    case type::v1::Payee::kAccountId:
      if (const auto id = Uuid::Parse(proto.account_id()); id.has_value()) return PayeeAccount{*id};
      return std::nullopt;
    case type::v1::Payee::kProviderMemberId:
      if (const auto id = Uuid::Parse(proto.provider_member_id()); id.has_value()) {
        return PayeeProvider{*id};
      }
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

// Absent, or a UUID.
bool ParseOptionalId(const std::string& text, std::optional<Uuid>& id) {
  id = Uuid::Parse(text);
  return id.has_value() || text.empty();
}

// A session's slice prices its own units.
PricedUse PricedUseOf(const type::v1::QuoteTerms& terms) {
  PricedUse priced{.data_size_bytes = terms.usage().data_size_bytes(),
                   .duration_s = terms.usage().duration_s(),
                   .redundancy = terms.usage().redundancy(),
                   .needs_settlement = terms.needs_settlement()};
  if (terms.session().unit() == type::v1::METERED_UNIT_BYTES) {
    priced.data_size_bytes = terms.session().slice_units();
  }
  if (terms.session().unit() == type::v1::METERED_UNIT_SECONDS) {
    priced.duration_s = terms.session().slice_units();
  }
  return priced;
}

// Whether the message holds nothing but its fields, in the one encoding that a signer writes: no
// unknown fields, no repeated or default ones, no longer form of a number. Else bytes that nobody
// prices could be stored with the transfer for ever.
bool IsUnpadded(const type::v1::SignedQuote& proto, type::v1::QuoteTerms& terms) {
  if (!proto.GetReflection()->GetUnknownFields(proto).empty()) return false;
  terms.DiscardUnknownFields();
  return terms.SerializeAsString() == proto.terms();
}

}  // namespace

std::optional<Quote> ParseQuote(const type::v1::SignedQuote& proto) {
  type::v1::QuoteTerms terms;
  if (!terms.ParseFromString(proto.terms()) || !IsUnpadded(proto, terms)) return std::nullopt;
  const auto id = Uuid::Parse(terms.quote_id());
  const auto member = Uuid::Parse(terms.member_id());
  const auto payee = ParsePayee(terms.payee());
  const auto expires = ReadTimestamp(terms.expire_time());
  const auto at = ReadTimestamp(terms.usage().time());
  const auto issued = ReadTimestamp(terms.issued_time());
  std::optional<Uuid> settles, previous;
  const bool is_whole = id.has_value() && member.has_value() && payee.has_value() &&
                        expires.has_value() && at.has_value() && issued.has_value() &&
                        ParseOptionalId(terms.settles_quote_id(), settles) &&
                        ParseOptionalId(terms.session().previous_settlement_id(), previous) &&
                        terms.tariff_hash().size() == kTariffHashBytes &&
                        terms.total_microjoules() >= 0 && terms.uses() >= 0;
  if (!is_whole) return std::nullopt;
  return Quote{.id = *id,
               .member = *member,
               .payee = *payee,
               .operation = terms.usage().operation_type(),
               .priced = PricedUseOf(terms),
               .total = terms.total_microjoules(),
               .uses = terms.uses() == 0 ? 1 : terms.uses(),
               .reputation_ppm = terms.usage().reputation_ppm(),
               .starts = *at > *issued ? *at : Time(),
               .expires = *expires,
               .tariff_hash = terms.tariff_hash(),
               .settles = settles,
               .previous_settlement = previous};
}

std::optional<PricedUse> ParsePricedUse(const std::string& signed_quote) {
  type::v1::SignedQuote quote;
  type::v1::QuoteTerms terms;
  if (!quote.ParseFromString(signed_quote) || !terms.ParseFromString(quote.terms())) {
    return std::nullopt;
  }
  if (!terms.has_payee()) return PricedUse();
  return PricedUseOf(terms);
}

}  // namespace joulebook::ledger
