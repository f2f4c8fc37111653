#include "services/costing/engine/quoter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/crypto/sha256.h"
#include "services/costing/domain/congestion.h"
#include "services/costing/domain/errors.h"

namespace joulebook::costing {
namespace {

// An id that follows from what it is for, so that asking again gives it again (UUID version 8).
Uuid DerivedId(std::string_view purpose, std::string_view of) {
  const Sha256Digest digest =
      Sha256(absl::StrCat("joulebook.costing.v2.", ToAbsl(purpose), ".", ToAbsl(of)));
  Uuid id;
  std::copy_n(digest.begin(), id.bytes.size(), id.bytes.begin());
  id.bytes[6] = static_cast<uint8_t>((id.bytes[6] & 0x0f) | 0x80);
  id.bytes[8] = static_cast<uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return id;
}

// The id of the settlement of this very quote with this count. Another quote or another count is
// another settlement: only one of them is charged, and only what it was made of goes on.
Uuid SettlementId(const OwnQuote& quoted, int64_t found_or_used) {
  return DerivedId("settlement", absl::StrCat(ToHex(AsBytes(quoted.digest)), ".", found_or_used));
}

// The id of the next slice after `origin`. The id covers all that the slice's price depends on, but
// for the units that the slice grants: so a settlement of one grant is at the price of every grant
// that has its id.
Uuid GrantId(std::string_view origin, const QuoteTerms& terms, const Tariff& tariff) {
  const SessionSlice& slice = *terms.session;
  const Usage& usage = terms.usage;
  const auto previous = slice.previous_settlement.value_or(Uuid()).ToString();
  const int64_t same_windows_until_us =
      tariff.windows.empty() ? 0 : NextWindowEdge(tariff, usage.at).time_since_epoch().count();
  return DerivedId("grant",
                   absl::StrCat(ToAbsl(origin), ".", slice.used_units, ".", previous, ".",
                                ToHex(terms.tariff_hash), ".", usage.congestion_ppm, ".",
                                same_windows_until_us, ".", absl::StrJoin(usage.discounts, ".")));
}

// Up to where the congestion of the operation's class is known at `now`; nothing for operations of
// no class.
std::optional<Time> CongestionKnownUntil(const Tariff& tariff, int32_t operation, Time now) {
  const CongestionRule& rule = tariff.congestion;
  if (!rule.class_of.contains(operation)) return std::nullopt;
  return Time(std::chrono::seconds((PeriodOf(rule, now) + 2) * rule.period_s));
}

}  // namespace

// A price's circumstances. The snapshot keeps the tariff alive.
struct Quoter::Pinned {
  std::shared_ptr<const TariffSnapshot> snapshot;
  const LiveTariff* tariff = nullptr;
  Usage usage;
  Payee payee;  // where one is asked for
  Time now;
  Time entitled_until = Time::max();
};

absl::StatusOr<Quoter::Pinned> Quoter::Pin(const QuoteItem& item) const {
  Pinned pinned{.usage = item.usage, .now = clock_.Now()};
  const Time at = item.at.value_or(pinned.now);
  if (at < pinned.now) return FieldInvalid("usage.time", "must not be in the past");
  if (at - pinned.now > options_.longest_ahead) {
    return FieldInvalid("usage.time", "must not be so far ahead");
  }
  JB_ASSIGN_OR_RETURN(pinned.snapshot, book_.Now());
  const std::string& name = NameOr(item.tariff_name);
  JB_ASSIGN_OR_RETURN(pinned.tariff, pinned.snapshot->InEffect(name, at));
  const Tariff& tariff = pinned.tariff->tariff;
  const auto known_until = CongestionKnownUntil(tariff, item.usage.operation, pinned.now);
  if (known_until.has_value() && at >= *known_until) {
    return FieldInvalid("usage.time", "must be where congestion is known: this period or the next");
  }
  pinned.usage.at = at;
  pinned.usage.congestion_ppm = pinned.snapshot->CongestionPpm(tariff, item.usage.operation, at);
  JB_RETURN_IF_ERROR(CheckAsked(tariff, pinned.usage));
  return pinned;
}

absl::StatusOr<Quoter::Pinned> Quoter::PinAsked(const QuoteItem& item) const {
  JB_ASSIGN_OR_RETURN(Pinned pinned, Pin(item));
  JB_ASSIGN_OR_RETURN(pinned.payee, PayeeOf(pinned.tariff->tariff, item));
  JB_RETURN_IF_ERROR(Entitle(item, pinned));
  return pinned;
}

absl::Status Quoter::Entitle(const QuoteItem& item, Pinned& pinned) const {
  const Tariff& tariff = pinned.tariff->tariff;
  const auto granted = pinned.snapshot->EntitlementsOf(item.member);
  Usage& usage = pinned.usage;
  const auto require = [&](Entitlement::Kind kind, const std::string& name) -> absl::Status {
    const auto until = EntitledUntil(granted, kind, name, usage.at);
    if (!until.has_value()) return NotEntitled(item.member.ToString(), NameOf(kind), name);
    pinned.entitled_until = std::min(pinned.entitled_until, *until);
    return absl::OkStatus();
  };
  if (tariff.name != options_.tariff_name) {
    JB_RETURN_IF_ERROR(require(Entitlement::Kind::kTariff, tariff.name));
  }
  for (const std::string& name : usage.discounts) {
    JB_RETURN_IF_ERROR(require(Entitlement::Kind::kDiscount, name));
  }
  EntitledDiscounts discounts = DiscountsOf(granted, tariff, usage.at);
  usage.discounts = std::move(discounts.names);
  pinned.entitled_until = std::min(pinned.entitled_until, discounts.until);
  return absl::OkStatus();
}

Time Quoter::EndOf(const Pinned& pinned) const {
  const Time end = std::min(pinned.usage.at + options_.validity, pinned.entitled_until);
  const auto next = pinned.snapshot->NextEffective(pinned.tariff->published.name, pinned.usage.at);
  return next.has_value() ? std::min(end, *next) : end;
}

absl::StatusOr<QuoteDraft> Quoter::Quote(const QuoteItem& item) const {
  JB_ASSIGN_OR_RETURN(Pinned pinned, PinAsked(item));
  return QuotePinned(item, std::move(pinned));
}

absl::StatusOr<QuoteDraft> Quoter::QuotePinned(const QuoteItem& item, Pinned pinned) const {
  const LiveTariff& tariff = *pinned.tariff;
  QuoteDraft draft;
  QuoteTerms& terms = draft.terms;
  if (item.with_bill) {
    JB_ASSIGN_OR_RETURN(Bill bill, Price(tariff.tariff, pinned.usage));
    terms.price = {bill.parts, bill.total};
    draft.bill = std::move(bill);
  } else {
    JB_ASSIGN_OR_RETURN(terms.price, PriceWithoutSteps(tariff.tariff, pinned.usage));
  }
  JB_RETURN_IF_ERROR(CheckSettleable(tariff.tariff, item.usage.operation));
  terms.payee = pinned.payee;
  terms.needs_settlement = DependsOnResults(tariff.tariff, item.usage.operation);
  terms.id = ids_.Next();
  terms.member = item.member;
  terms.uses = item.uses;
  terms.expires = EndOf(pinned);
  terms.usage = std::move(pinned.usage);
  terms.tariff_name = tariff.published.name;
  terms.tariff_version = tariff.published.version;
  terms.tariff_hash = tariff.published.hash;
  terms.issued = pinned.now;
  return draft;
}

absl::StatusOr<PriceTotals> Quoter::Expect(const QuoteItem& item) const {
  JB_ASSIGN_OR_RETURN(const Pinned pinned, Pin(item));
  return PriceWithoutSteps(pinned.tariff->tariff, pinned.usage);
}

absl::StatusOr<Quoter::Authorized> Quoter::Authorize(QuoteItem item, int64_t available) const {
  if (item.uses != 1) return FieldInvalid("item.uses", "must be 0 or 1: the batch is used once");
  item.usage.count = 1;
  JB_ASSIGN_OR_RETURN(Pinned pinned, PinAsked(item));
  Authorized authorized;
  JB_ASSIGN_OR_RETURN(authorized.affordable,
                      MostAffordable(pinned.tariff->tariff, pinned.usage, available));
  if (authorized.affordable.units == 0) return authorized;
  pinned.usage.count = authorized.affordable.units;
  JB_ASSIGN_OR_RETURN(authorized.quote, QuotePinned(item, std::move(pinned)));
  return authorized;
}

QuoteTerms Quoter::Settlement(const QuoteTerms& quoted, const Uuid& id) const {
  QuoteTerms terms = quoted;
  terms.id = id;
  terms.settles = quoted.id;
  terms.needs_settlement = false;
  terms.issued = clock_.Now();
  terms.expires = terms.issued + options_.validity;
  return terms;
}

absl::StatusOr<QuoteDraft> Quoter::Settle(const OwnQuote& quote, int64_t found_results) const {
  const QuoteTerms& quoted = quote.terms;
  if (quoted.settles.has_value() || quoted.session.has_value()) {
    return QuoteInvalid("is a settlement itself, or of a session");
  }
  if (!quoted.needs_settlement) return QuoteInvalid("has a price that no results change");
  JB_ASSIGN_OR_RETURN(const auto snapshot, book_.Now());
  JB_ASSIGN_OR_RETURN(const LiveTariff* const tariff, snapshot->FindHash(quoted.tariff_hash));
  if (found_results > quoted.usage.results) {
    return ExceedsQuote(quoted.usage.results, found_results);
  }
  QuoteDraft draft{.terms = Settlement(quoted, SettlementId(quote, found_results))};
  draft.terms.usage.results = found_results;
  JB_ASSIGN_OR_RETURN(Bill bill, Price(tariff->tariff, draft.terms.usage));
  // A quote of before CheckSettleable: the reservation does not cover it.
  if (bill.total > quoted.price.total) return NotMeterable(quoted.usage.operation);
  draft.terms.price = {bill.parts, bill.total};
  draft.bill = std::move(bill);
  return draft;
}

absl::StatusOr<QuoteDraft> Quoter::OpenSession(const QuoteItem& item, const Uuid& session,
                                               MeteredUnit unit, int64_t wanted_units,
                                               const Sha256Digest& opening) const {
  if (item.uses != 1) return FieldInvalid("item.uses", "must be 0 or 1 in a session");
  JB_ASSIGN_OR_RETURN(Pinned pinned, PinAsked(item));
  pinned.usage = WithUnits(std::move(pinned.usage), unit, 0);
  QuoteTerms terms;
  terms.member = item.member;
  terms.needs_settlement = true;
  terms.payee = pinned.payee;
  return Grant(ToHex(AsBytes(opening)), std::move(terms), {session, 1, unit, 0, wanted_units},
               std::move(pinned));
}

absl::StatusOr<QuoteDraft> Quoter::SettleGrant(const OwnQuote& quote, int64_t used_units) const {
  const QuoteTerms& grant = quote.terms;
  if (!grant.session.has_value() || grant.settles.has_value()) {
    return QuoteInvalid("is no grant of a session");
  }
  JB_ASSIGN_OR_RETURN(const auto snapshot, book_.Now());
  JB_ASSIGN_OR_RETURN(const LiveTariff* const tariff, snapshot->FindHash(grant.tariff_hash));
  if (used_units > grant.session->slice_units) {
    return ExceedsQuote(grant.session->slice_units, used_units);
  }
  QuoteDraft draft{.terms = Settlement(grant, SettlementId(quote, used_units))};
  draft.terms.session->slice_units = used_units;
  JB_ASSIGN_OR_RETURN(draft.terms.price, PriceAgain(tariff->tariff, draft.terms));
  return draft;
}

absl::StatusOr<QuoteDraft> Quoter::NextGrant(const QuoteTerms& settlement,
                                             int64_t wanted_units) const {
  QuoteItem item{.member = settlement.member,
                 .usage = settlement.usage,
                 .tariff_name = settlement.tariff_name};
  item.usage.discounts.clear();
  JB_ASSIGN_OR_RETURN(Pinned pinned, Pin(item));
  JB_RETURN_IF_ERROR(Entitle(item, pinned));
  SessionSlice slice = settlement.session.value_or(SessionSlice());
  if (slice.number == INT64_MAX) return QuoteInvalid("is of the last slice of a session");
  ++slice.number;
  slice.used_units += slice.slice_units;  // the grant was larger, and fitted
  slice.slice_units = wanted_units;
  // A settlement that cost nothing cannot be charged: the one before it takes its place.
  if (settlement.price.total > 0) slice.previous_settlement = settlement.id;
  QuoteTerms terms = settlement;
  terms.needs_settlement = true;
  return Grant(settlement.settles.value_or(Uuid()).ToString(), std::move(terms), slice,
               std::move(pinned));
}

// Pins a slice to the price of now, until that changes.
absl::StatusOr<QuoteDraft> Quoter::Grant(std::string_view origin, QuoteTerms terms,
                                         SessionSlice slice, Pinned pinned) const {
  const Tariff& tariff = pinned.tariff->tariff;
  if (!CheckedAdd(slice.used_units, slice.slice_units).ok()) {
    return FieldInvalid("wanted_units", "must keep the session's units below 2^63");
  }
  terms.session = slice;
  terms.settles.reset();
  terms.tariff_name = pinned.tariff->published.name;
  terms.tariff_version = pinned.tariff->published.version;
  terms.tariff_hash = pinned.tariff->published.hash;
  terms.issued = pinned.now;
  terms.expires = std::min(EndOf(pinned), NextWindowEdge(tariff, pinned.now));
  if (tariff.congestion.class_of.contains(pinned.usage.operation)) {
    const int64_t next_period = PeriodOf(tariff.congestion, pinned.now) + 1;
    terms.expires = std::min(terms.expires,
                             Time(std::chrono::seconds(next_period * tariff.congestion.period_s)));
  }
  terms.usage = std::move(pinned.usage);
  terms.id = GrantId(origin, terms, tariff);
  JB_ASSIGN_OR_RETURN(terms.price, PriceAgain(tariff, terms));
  JB_RETURN_IF_ERROR(CheckMeterable(tariff, terms.usage));
  return QuoteDraft{.terms = std::move(terms)};
}

}  // namespace joulebook::costing
