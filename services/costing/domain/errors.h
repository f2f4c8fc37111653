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
// OUT_OF_RANGE, PRICE_OUT_OF_RANGE: a step of the calculation does not fit.
absl::Status PriceOutOfRange();

}  // namespace joulebook::costing
