#include "services/costing/domain/errors.h"

#include "absl/strings/str_cat.h"

namespace joulebook::costing {

absl::Status FieldInvalid(std::string_view field, std::string_view rule) {
  return MakeError(
      absl::StatusCode::kInvalidArgument,
      {"FIELD_INVALID", kErrorDomain, {{"field", std::string(field)}, {"rule", std::string(rule)}}},
      absl::StrCat(ToAbsl(field), " ", ToAbsl(rule)));
}

absl::Status TariffInvalid(std::string_view place, std::string_view problem) {
  return MakeError(absl::StatusCode::kInvalidArgument,
                   {"TARIFF_INVALID",
                    kErrorDomain,
                    {{"place", std::string(place)}, {"problem", std::string(problem)}}},
                   absl::StrCat("the tariff's ", ToAbsl(place), " ", ToAbsl(problem)));
}

absl::Status OperationNotPriced(int32_t operation) {
  return MakeError(
      absl::StatusCode::kNotFound,
      {"OPERATION_NOT_PRICED", kErrorDomain, {{"operation_type", std::to_string(operation)}}},
      absl::StrCat("the tariff has no price for operation type ", operation));
}

absl::Status PriceOutOfRange() {
  return MakeError(absl::StatusCode::kOutOfRange, {"PRICE_OUT_OF_RANGE", kErrorDomain, {}},
                   "a step of the price does not fit");
}

}  // namespace joulebook::costing
