// Makes quotes from what is published: prices pinned to a tariff, a time and a factor of
// congestion.
#pragma once

#include <optional>

#include "common/crypto/sha256.h"
#include "common/ids/id_generator.h"
#include "services/costing/domain/afford.h"
#include "services/costing/domain/quote.h"
#include "services/costing/engine/tariff_book.h"

namespace joulebook::costing {

// A quote that is not signed yet.
struct QuoteDraft {
  QuoteTerms terms;
  std::optional<Bill> bill;
};

// A quote that this service signed.
struct OwnQuote {
  QuoteTerms terms;
  Sha256Digest digest{};  // of the bytes that were signed
};

// Thread-safe.
class Quoter {
 public:
  struct Options {
    std::string tariff_name;  // of quotes that name none
    Duration validity;        // how long a quote holds
    Duration longest_ahead;   // how far ahead a use may be quoted
  };

  // All must outlive the quoter.
  Quoter(Options options, const TariffBook& book, Clock& clock, IdGenerator& ids)
      : options_(std::move(options)), book_(book), clock_(clock), ids_(ids) {}

  // Errors of all: those of Price, TARIFF_NOT_FOUND, TARIFFS_STALE; in the order of
  // joulebook.costing.v1.ErrorReason.

  // With all discounts of the tariff that the member is entitled to at the time of the use, whether
  // named or not. FIELD_INVALID for a time that is past or too far ahead; NOT_ENTITLED for a
  // discount or another tariff than the service's own that is named without being granted;
  // NOT_METERABLE where fewer results than expected could cost more.
  absl::StatusOr<QuoteDraft> Quote(const QuoteItem& item) const;
  // The price of the item with the discounts and the tariff that it names, granted or not.
  absl::StatusOr<PriceTotals> Expect(const QuoteItem& item) const;

  struct Authorized {
    Affordable affordable;
    std::optional<QuoteDraft> quote;  // for the affordable units, if there are any
  };
  // The item's count is not looked at.
  absl::StatusOr<Authorized> Authorize(QuoteItem item, int64_t available) const;

  // The quote for the results that were really found, 0 or more. It may be used after the next
  // version of the tariff took effect: it prices what was reserved before. QUOTE_INVALID,
  // EXCEEDS_QUOTE.
  absl::StatusOr<QuoteDraft> Settle(const OwnQuote& quote, int64_t found_results) const;

  // The first grant of a metered session, of 1 unit or more. `opening` is a digest of what was
  // asked for, but for the units: it tells sessions apart that were opened with one id.
  // NOT_METERABLE, FIELD_INVALID, NOT_ENTITLED.
  absl::StatusOr<QuoteDraft> OpenSession(const QuoteItem& item, const Uuid& session,
                                         MeteredUnit unit, int64_t wanted_units,
                                         const Sha256Digest& opening) const;
  // Settles the used units, 0 or more. EXCEEDS_QUOTE; QUOTE_INVALID for a quote that is no grant.
  absl::StatusOr<QuoteDraft> SettleGrant(const OwnQuote& quote, int64_t used_units) const;
  // The grant after one that was settled so, with the discounts of now. NOT_ENTITLED where the
  // session's tariff is not granted any more.
  absl::StatusOr<QuoteDraft> NextGrant(const QuoteTerms& settlement, int64_t wanted_units) const;

  const std::string& own_tariff() const { return options_.tariff_name; }
  // The name of the tariff that is meant.
  const std::string& NameOr(const std::string& name) const {
    return name.empty() ? options_.tariff_name : name;
  }

 private:
  struct Pinned;
  // All that is wrong with the usage is found here.
  absl::StatusOr<Pinned> Pin(const QuoteItem& item) const;
  // The same with the payee, and with what the member is entitled to.
  absl::StatusOr<Pinned> PinAsked(const QuoteItem& item) const;
  // Puts what the member is entitled to, and nothing else, into what is pinned.
  absl::Status Entitle(const QuoteItem& item, Pinned& pinned) const;
  // When a quote for the pinned use ends: after its validity, or where the tariff's next version
  // takes effect or an entitlement ends.
  Time EndOf(const Pinned& pinned) const;
  absl::StatusOr<QuoteDraft> QuotePinned(const QuoteItem& item, Pinned pinned) const;
  absl::StatusOr<QuoteDraft> Grant(std::string_view origin, QuoteTerms terms, SessionSlice slice,
                                   Pinned pinned) const;
  QuoteTerms Settlement(const QuoteTerms& quoted, const Uuid& id) const;

  const Options options_;
  const TariffBook& book_;
  Clock& clock_;
  IdGenerator& ids_;
};

}  // namespace joulebook::costing
