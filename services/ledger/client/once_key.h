// The once_key of an effect: see docs/reference/once-keys.md.
#pragma once

#include <string>
#include <string_view>

namespace joulebook::ledger {

// The first 16 bytes of SHA-256(domain, 0x00, effect_id). `domain` says what kind of effect it is,
// like a proto type, and holds no byte 0; `effect_id` is the effect's id among its kind, as text.
std::string MakeOnceKey(std::string_view domain, std::string_view effect_id);

}  // namespace joulebook::ledger
