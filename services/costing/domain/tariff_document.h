// The text of a tariff: JSON whose amounts are texts, refused with the place named where it makes
// no sense. The canonical text is published, and its SHA-256 names the tariff for ever.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "services/costing/domain/tariff.h"

namespace joulebook::costing {

// Whether the text is the name of a zone or a link of the IANA time zone database. Any other name
// that a machine may find (its own local time, a file) means another thing elsewhere.
bool IsZoneName(std::string_view text);

// Finds the rules of a time zone by its IANA name.
using ZoneFinder = std::function<bool(const std::string& name, absl::TimeZone* zone)>;

// Whether the text may be the name of a tariff, a class, or something inside of a tariff: a-z, 0-9
// and _, 1 to 64 of them.
bool IsName(std::string_view text);

struct TariffDocument {
  Tariff tariff;
  // Keys in order, no spaces, only ASCII: two texts of one tariff have the same canonical text.
  std::string canonical;
};

// Who is paid, as documents say it: provider, any_provider, fees, escrow, sink or an account's id.
std::string PayeeText(const Payee& payee);

// Errors: TARIFF_INVALID with the place and the problem.
absl::StatusOr<TariffDocument> ParseTariff(std::string_view text, const ZoneFinder& find_zone);

}  // namespace joulebook::costing
