#include "services/costing/domain/errors.h"

#include "absl/strings/str_cat.h"

namespace joulebook::costing {

absl::Status FieldInvalid(std::string_view field, std::string_view rule) {
  return MakeFieldInvalid(kErrorDomain, field, rule);
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

absl::Status NotMeterable(int32_t operation) {
  return MakeError(
      absl::StatusCode::kFailedPrecondition,
      {"NOT_METERABLE", kErrorDomain, {{"operation_type", std::to_string(operation)}}},
      "the price must rise with what is found or metered, and a session be of one operation");
}

absl::Status TariffVersionNotNext(std::string_view name, int64_t expected) {
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   {"TARIFF_VERSION_NOT_NEXT",
                    kErrorDomain,
                    {{"name", std::string(name)}, {"expected", std::to_string(expected)}}},
                   absl::StrCat("the next version of ", ToAbsl(name), " is ", expected));
}

absl::Status TariffTooEarly(int64_t earliest_us) {
  return MakeError(
      absl::StatusCode::kFailedPrecondition,
      {"TARIFF_TOO_EARLY", kErrorDomain, {{"earliest_us", std::to_string(earliest_us)}}},
      absl::StrCat("effective_us must be at least ", earliest_us));
}

absl::Status DifferentContent(std::string_view id, std::string_view field) {
  return MakeDifferentContent(kErrorDomain, id, field);
}

absl::Status NotEntitled(std::string_view member_id, std::string_view kind, std::string_view name) {
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   {"NOT_ENTITLED",
                    kErrorDomain,
                    {{"member_id", std::string(member_id)},
                     {"kind", std::string(kind)},
                     {"name", std::string(name)}}},
                   absl::StrCat("the member is not entitled to the ", ToAbsl(kind), " ",
                                ToAbsl(name), " at the time of the use"));
}

absl::Status EntitlementNotFound(std::string_view id) {
  return MakeError(absl::StatusCode::kNotFound,
                   {"ENTITLEMENT_NOT_FOUND", kErrorDomain, {{"entitlement_id", std::string(id)}}},
                   absl::StrCat("no entitlement has the id ", ToAbsl(id)));
}

absl::Status TariffNotFound(std::string_view tariff) {
  return MakeError(absl::StatusCode::kNotFound,
                   {"TARIFF_NOT_FOUND", kErrorDomain, {{"tariff", std::string(tariff)}}},
                   absl::StrCat("there is no tariff ", ToAbsl(tariff)));
}

absl::Status TariffUnreadable(std::string_view name, int64_t version, std::string_view problem) {
  return MakeError(
      absl::StatusCode::kUnavailable,
      {"TARIFF_UNREADABLE",
       kErrorDomain,
       {{"tariff", absl::StrCat(ToAbsl(name), ":", version)}, {"problem", std::string(problem)}}},
      absl::StrCat("this replica cannot read the tariff ", ToAbsl(name), ":", version, ": ",
                   ToAbsl(problem)));
}

absl::Status QuoteInvalid(std::string_view problem) {
  return MakeError(absl::StatusCode::kInvalidArgument, {"QUOTE_INVALID", kErrorDomain, {}},
                   absl::StrCat("the quote ", ToAbsl(problem)));
}

absl::Status ExceedsQuote(int64_t granted, int64_t used) {
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   {"EXCEEDS_QUOTE",
                    kErrorDomain,
                    {{"granted", std::to_string(granted)}, {"used", std::to_string(used)}}},
                   absl::StrCat("the quote covers ", granted, ", not ", used));
}

absl::Status ProofInvalid(int32_t bits, int32_t needed) {
  return MakeError(absl::StatusCode::kInvalidArgument,
                   {"PROOF_INVALID",
                    kErrorDomain,
                    {{"bits", std::to_string(bits)}, {"needed", std::to_string(needed)}}},
                   absl::StrCat("the hash has ", bits, " leading zero bits of ", needed));
}

absl::Status ProofStale(int64_t window_ms) {
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   {"PROOF_STALE", kErrorDomain, {{"window_ms", std::to_string(window_ms)}}},
                   "the challenge is not from the window before now, or not of the tariff then");
}

absl::Status ProofReplayed() {
  return MakeError(absl::StatusCode::kAlreadyExists, {"PROOF_REPLAYED", kErrorDomain, {}},
                   "this proof was shown before");
}

absl::Status ClassNotFound(std::string_view name) {
  return MakeError(absl::StatusCode::kNotFound,
                   {"CLASS_NOT_FOUND", kErrorDomain, {{"class", std::string(name)}}},
                   absl::StrCat("the tariff has no class ", ToAbsl(name)));
}

absl::Status PeriodNotDue(int64_t period, int64_t expected) {
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   {"PERIOD_NOT_DUE",
                    kErrorDomain,
                    {{"period", std::to_string(period)}, {"expected", std::to_string(expected)}}},
                   absl::StrCat("period ", expected, " is the one to be reported now"));
}

absl::Status EarningNotFound(std::string_view id) {
  return MakeError(absl::StatusCode::kNotFound,
                   {"EARNING_NOT_FOUND", kErrorDomain, {{"earning_id", std::string(id)}}},
                   absl::StrCat("no earning has the id ", ToAbsl(id)));
}

absl::Status EarningStateWrong(std::string_view id, int state) {
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   {"EARNING_STATE_WRONG",
                    kErrorDomain,
                    {{"earning_id", std::string(id)}, {"state", std::to_string(state)}}},
                   absl::StrCat("the earning is in state ", state));
}

absl::Status EarningOverlaps(std::string_view id) {
  return MakeError(absl::StatusCode::kAlreadyExists,
                   {"EARNING_OVERLAPS", kErrorDomain, {{"earning_id", std::string(id)}}},
                   absl::StrCat("the earning ", ToAbsl(id), " has some of the period already"));
}

absl::Status TariffsStale(int64_t age_ms) {
  return MakeError(absl::StatusCode::kUnavailable,
                   {"TARIFFS_STALE", kErrorDomain, {{"age_ms", std::to_string(age_ms)}}},
                   "the published tariffs have not been seen for too long");
}

absl::Status PriceOutOfRange() {
  return MakeError(absl::StatusCode::kOutOfRange, {"PRICE_OUT_OF_RANGE", kErrorDomain, {}},
                   "the price does not fit 63 bits of micro-joules");
}

}  // namespace joulebook::costing
