#include "common/money/amount.h"

#include "absl/strings/str_cat.h"
#include "common/money/arithmetic.h"

namespace joulebook {
namespace {

absl::Status CheckSameAsset(const Amount& a, const Amount& b) {
  if (a.asset == b.asset) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("amounts of ", a.asset.ToString(), " and ", b.asset.ToString(), " do not mix"));
}

}  // namespace

absl::StatusOr<Amount> Add(const Amount& a, const Amount& b) {
  JB_RETURN_IF_ERROR(CheckSameAsset(a, b));
  JB_ASSIGN_OR_RETURN(const int64_t minor, CheckedAdd(a.minor, b.minor));
  return Amount{a.asset, minor};
}

absl::StatusOr<Amount> Subtract(const Amount& a, const Amount& b) {
  JB_RETURN_IF_ERROR(CheckSameAsset(a, b));
  JB_ASSIGN_OR_RETURN(const int64_t minor, CheckedSubtract(a.minor, b.minor));
  return Amount{a.asset, minor};
}

}  // namespace joulebook
