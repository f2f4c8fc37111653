// Costing's call errors: one function for each reason that the domain decides.
#pragma once

#include <string_view>

#include "common/status/status.h"

namespace joulebook::costing {

inline constexpr char kErrorDomain[] = "costing.joulebook";

// INVALID_ARGUMENT, FIELD_INVALID.
absl::Status FieldInvalid(std::string_view field, std::string_view rule);
// INVALID_ARGUMENT, TARIFF_INVALID; `place` is a path into the document: rates.hash.tiers[1].up_to.
absl::Status TariffInvalid(std::string_view place, std::string_view problem);
// NOT_FOUND, OPERATION_NOT_PRICED: the tariff has no price for the operation type.
absl::Status OperationNotPriced(int32_t operation);
// FAILED_PRECONDITION, NOT_METERABLE: more of it may cost less.
absl::Status NotMeterable(int32_t operation);
// FAILED_PRECONDITION, TARIFF_VERSION_NOT_NEXT.
absl::Status TariffVersionNotNext(std::string_view name, int64_t expected);
// FAILED_PRECONDITION, TARIFF_TOO_EARLY; the earliest time in microseconds since 1970.
absl::Status TariffTooEarly(int64_t earliest_us);
// ALREADY_EXISTS, ID_EXISTS_WITH_DIFFERENT_CONTENT.
absl::Status DifferentContent(std::string_view id, std::string_view field);
// FAILED_PRECONDITION, NOT_ENTITLED: to a `kind` (discount or tariff) of this name.
absl::Status NotEntitled(std::string_view member_id, std::string_view kind, std::string_view name);
// NOT_FOUND, ENTITLEMENT_NOT_FOUND.
absl::Status EntitlementNotFound(std::string_view id);
// NOT_FOUND, TARIFF_NOT_FOUND; `tariff` says which, for people.
absl::Status TariffNotFound(std::string_view tariff);
// UNAVAILABLE, TARIFF_UNREADABLE: this replica cannot read the published tariff.
absl::Status TariffUnreadable(std::string_view name, int64_t version, std::string_view problem);
// INVALID_ARGUMENT, QUOTE_INVALID.
absl::Status QuoteInvalid(std::string_view problem);
// FAILED_PRECONDITION, EXCEEDS_QUOTE.
absl::Status ExceedsQuote(int64_t granted, int64_t used);
// INVALID_ARGUMENT, PROOF_INVALID.
absl::Status ProofInvalid(int32_t bits, int32_t needed);
// FAILED_PRECONDITION, PROOF_STALE.
absl::Status ProofStale(int64_t window_ms);
// ALREADY_EXISTS, PROOF_REPLAYED.
absl::Status ProofReplayed();
// NOT_FOUND, CLASS_NOT_FOUND.
absl::Status ClassNotFound(std::string_view name);
// FAILED_PRECONDITION, PERIOD_NOT_DUE; `expected` is the next to be reported.
absl::Status PeriodNotDue(int64_t period, int64_t expected);
// NOT_FOUND, EARNING_NOT_FOUND.
absl::Status EarningNotFound(std::string_view id);
// FAILED_PRECONDITION, EARNING_STATE_WRONG; `state` is the present one.
absl::Status EarningStateWrong(std::string_view id, int state);
// ALREADY_EXISTS, EARNING_OVERLAPS; `id` is of the earning that has some of the period.
absl::Status EarningOverlaps(std::string_view id);
// UNAVAILABLE, TARIFFS_STALE.
absl::Status TariffsStale(int64_t age_ms);
// OUT_OF_RANGE, PRICE_OUT_OF_RANGE: the price does not fit 63 bits of micro-joules.
absl::Status PriceOutOfRange();

}  // namespace joulebook::costing
