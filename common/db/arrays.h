// Values between PostgreSQL's text format and ours, for libpqxx, whose parameters and results are
// text.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/ids/uuid.h"

namespace joulebook {

// An array literal, as the parameter of = ANY($1::uuid[]).
std::string UuidArrayLiteral(std::span<const Uuid> ids);

// bytea's hexadecimal form, as results carry it: "\x00ff" gives two bytes.
std::string FromByteaText(std::string_view text);

}  // namespace joulebook
