// Pages of listings in the order of numbers that were given at commit.
#pragma once

#include "common/rpc/page_token.h"
#include "services/costing/domain/errors.h"

namespace joulebook::costing {

// Where a listing by number goes on, and how many rows to read: one more than asked for says
// whether there is a next page.
struct NumberPage {
  int64_t after = 0;
  int limit = 0;
};

// Errors: FIELD_INVALID, PAGE_TOKEN_INVALID.
template <typename Request>
absl::StatusOr<NumberPage> ParsePage(const Request& request) {
  NumberPage page;
  JB_ASSIGN_OR_RETURN(const int size, ParsePageSize(request.page_size(), kErrorDomain));
  JB_ASSIGN_OR_RETURN(const auto after,
                      ParseNumberToken(request.page_token(), QueryOf(request), kErrorDomain));
  page.after = after.value_or(0);
  page.limit = size + 1;
  return page;
}

}  // namespace joulebook::costing
