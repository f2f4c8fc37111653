// Costing's own messages between proto and domain. Errors are FIELD_INVALID where nothing is said.
#pragma once

#include "joulebook/costing/v1/costing_service.pb.h"
#include "services/costing/domain/afford.h"
#include "services/costing/domain/quote.h"
#include "services/costing/engine/proof_of_work_hash.h"
#include "services/costing/engine/tariff_book.h"

namespace joulebook::costing {

absl::StatusOr<Uuid> ParseId(std::string_view field, std::string_view text);
// The same, neither nil nor max: of what the client makes.
absl::StatusOr<Uuid> ParseNewId(std::string_view field, std::string_view text);
absl::StatusOr<Time> ParseTime(std::string_view field, const google::protobuf::Timestamp& time);

// Usage that is to be priced; its reputation must be given.
absl::StatusOr<Usage> FromRequest(const type::v1::Usage& proto);
absl::StatusOr<QuoteItem> FromProto(const v1::QuoteItem& proto);
absl::StatusOr<MeteredUnit> ParseUnit(type::v1::MeteredUnit unit);
absl::StatusOr<Challenge> FromProto(const v1::Challenge& proto);
absl::StatusOr<int32_t> ParsePpm(std::string_view field, int32_t value);
absl::StatusOr<EarningClaim> FromProto(const v1::Earning& proto);
absl::StatusOr<EarningState> ParseState(v1::EarningState state);

// The tariff that a selector means; `own_name` is that of selectors without a name. Errors:
// TARIFF_NOT_FOUND and TARIFF_UNREADABLE too.
absl::StatusOr<const LiveTariff*> SelectTariff(const TariffSnapshot& snapshot,
                                               const v1::TariffSelector& selector,
                                               const std::string& own_name, Time now);

void ToProto(const PublishedTariff& tariff, bool with_document, v1::Tariff& proto);
void ToProto(const PriceTotals& totals, v1::CostDocument& proto);
PriceTotals FromProto(const v1::CostDocument& proto);
void ToProto(const CongestionPeriod& period, v1::CongestionPeriod& proto);
void ToProto(const Challenge& challenge, int32_t bits, v1::Challenge& proto);
void ToProto(const Earning& earning, v1::Earning& proto);
// Why an item of a batch got nothing.
void ToProto(const absl::Status& status, v1::ItemError& proto);

}  // namespace joulebook::costing
