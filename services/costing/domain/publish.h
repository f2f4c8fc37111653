// Publications, allowed and made: tariffs and reports of demand. Never retroactive.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "services/costing/domain/congestion.h"
#include "services/costing/domain/recorded.h"
#include "services/costing/domain/tariff_document.h"

namespace joulebook::costing {

struct PublishedTariff {
  int64_t number = 0;  // in the order of publication
  std::string hash;    // SHA-256 of the document, 32 bytes
  std::string name;
  int64_t version = 0;
  Time effective;
  Time published;
  std::string document;  // canonical; empty in listings
  // The version of the time zone database that read it then; empty where that was not noted.
  std::string tzdata_version;
  Uuid mark;  // by the store, random

  bool operator==(const PublishedTariff&) const = default;
};

// The publication of `document` at `now`, beside all tariffs of its name so far, oldest first:
// found again, or new (its number is left to the store). Errors: TARIFF_VERSION_NOT_NEXT,
// TARIFF_TOO_EARLY (earlier than `notice` from now, not in the future, or not after the version
// before), TARIFF_INVALID (the period of congestion changed, by which its reports are counted),
// ID_EXISTS_WITH_DIFFERENT_CONTENT, TARIFF_UNREADABLE (the version before cannot be read here).
absl::StatusOr<Recorded<PublishedTariff>> DecidePublication(
    const TariffDocument& document, const std::string& hash,
    std::span<const PublishedTariff> of_name, const ZoneFinder& find_zone, Duration notice,
    Time now, const std::string& tzdata_version);

// The report of a class's demand in a period, beside the class's last report with this period or an
// earlier one, if there is one. It must come while the period after it runs, and `lead` before that
// ends. Errors: CLASS_NOT_FOUND, PERIOD_NOT_DUE, FIELD_INVALID,
// ID_EXISTS_WITH_DIFFERENT_CONTENT.
absl::StatusOr<Recorded<CongestionPeriod>> DecideReport(const Tariff& tariff,
                                                        const std::string& class_name,
                                                        int64_t period, int64_t demand,
                                                        const std::optional<CongestionPeriod>& last,
                                                        Duration lead, Time now);

// The factor in effect at a time: that of the last report that counts by then, kept between the
// tariff's floor and ceiling; a million where none does. Reports in order.
int64_t FactorAt(const CongestionRule& rule, std::span<const CongestionPeriod> reports, Time at);

}  // namespace joulebook::costing
