#include "tools/metered_day/prices.h"

#include "common/money/arithmetic.h"

namespace joulebook::metered_day {
namespace {

constexpr int64_t kBase = 1'600'000;
constexpr int64_t kKib = 1'024;

struct Rate {
  type::v1::OperationType operation;
  int64_t per_kib;
};

// The stored block of the traces: 30 days, 3 copies: 1000 + 3 x 10 + 0.477 x 30 x 2.6.
constexpr Rate kRates[] = {
    {type::v1::OPERATION_TYPE_BLOCK_STORE, 1'068},
    {type::v1::OPERATION_TYPE_BLOCK_RETRIEVE, 1'010},
    {type::v1::OPERATION_TYPE_BLOCK_VERIFY, 1'000},
    {type::v1::OPERATION_TYPE_MESSAGE_SEND, 2'010},
};
constexpr int64_t kOtherPerKib = 1'000;

}  // namespace

absl::StatusOr<int64_t> PriceMicrojoules(const Usage& usage) {
  int64_t per_kib = kOtherPerKib;
  for (const Rate& rate : kRates) {
    if (rate.operation == usage.operation) per_kib = rate.per_kib;
  }
  JB_ASSIGN_OR_RETURN(const int64_t metered,
                      MulDiv(usage.bytes, per_kib, kKib, Rounding::kCeiling));
  return CheckedAdd(kBase, metered);
}

}  // namespace joulebook::metered_day
