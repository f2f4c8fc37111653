// Quotes: what joulebook.type.v1.QuoteTerms says, in the domain's words.
#pragma once

#include <optional>
#include <string>

#include "common/ids/uuid.h"
#include "services/costing/domain/session.h"

namespace joulebook::costing {

struct SessionSlice {
  Uuid session;
  int64_t number = 0;  // from 1
  MeteredUnit unit = MeteredUnit::kBytes;
  int64_t used_units = 0;   // before the slice
  int64_t slice_units = 0;  // granted, or on a settlement used
  // The settlement of the newest slice before that cost something.
  std::optional<Uuid> previous_settlement;

  bool operator==(const SessionSlice&) const = default;
};

// The most uses that one quote may have: as many as the items of a batch of quotes.
inline constexpr int64_t kMaxUses = 1'000;

struct QuoteTerms {
  Uuid id;
  Uuid member;
  Usage usage;
  std::string tariff_name;
  int64_t tariff_version = 0;
  std::string tariff_hash;
  PriceTotals price;
  Time issued;
  Time expires;
  std::optional<Uuid> settles;
  std::optional<SessionSlice> session;
  int64_t uses = 1;  // 1 to kMaxUses, each for the price
  Payee payee;       // a provider's id is filled in
  bool needs_settlement = false;
};

// The item that is asked for.
struct QuoteItem {
  Uuid member;
  Usage usage;
  std::optional<Time> at;   // of the use; without, now
  std::string tariff_name;  // empty for the service's own
  bool with_bill = true;
  int64_t uses = 1;
  std::optional<Uuid> provider;  // who is paid, where the tariff leaves that to the quote
};

// Checks that the usage of a request says all that it must: the values that CheckUsage asks for,
// and those without which a price is known but must not be asked for. Errors: FIELD_INVALID, also
// where the tariff scales a price of storage by a utility that is absent.
absl::Status CheckAsked(const Tariff& tariff, const Usage& usage);

// Who may be credited by the tariff's rule for the item's operation. Errors: FIELD_INVALID for a
// provider that is missing, not asked for, or the payer.
absl::StatusOr<Payee> PayeeOf(const Tariff& tariff, const QuoteItem& item);

// Whether the operation's price depends on the results that it finds.
bool DependsOnResults(const Tariff& tariff, int32_t operation);

// That fewer results never cost more than were reserved for. Errors: NOT_METERABLE where results
// have volume tiers.
absl::Status CheckSettleable(const Tariff& tariff, int32_t operation);

// The price that the terms say, done again. Errors: those of Price.
absl::StatusOr<PriceTotals> PriceAgain(const Tariff& tariff, const QuoteTerms& terms);

}  // namespace joulebook::costing
