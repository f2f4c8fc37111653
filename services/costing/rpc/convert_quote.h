// Usage, quotes and bills between proto and domain, also for tools that do a price again.
#pragma once

#include "joulebook/costing/v1/quote.pb.h"
#include "services/costing/domain/quote.h"

namespace joulebook::costing {

// The usage; `at` is what the proto says, or the epoch; an absent reputation is 0. Errors:
// FIELD_INVALID for what no enum has.
absl::StatusOr<Usage> FromProto(const type::v1::Usage& proto);
void ToProto(const Usage& usage, type::v1::Usage& proto);

// Errors: QUOTE_INVALID for terms that ToProto would not have written.
absl::StatusOr<QuoteTerms> FromProto(const type::v1::QuoteTerms& proto);
void ToProto(const QuoteTerms& terms, type::v1::QuoteTerms& proto);

void ToProto(const Bill& bill, v1::Bill& proto);

}  // namespace joulebook::costing
