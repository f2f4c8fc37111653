// SHA-256 (FIPS 180-4), by OpenSSL, which uses what the processor has for it: three times as fast
// as libsodium's, which is portable C.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace joulebook {

using Sha256Digest = std::array<uint8_t, 32>;

Sha256Digest Sha256(std::string_view bytes);

// Lower-case hexadecimal.
std::string ToHex(std::string_view bytes);
std::string ToHex(const Sha256Digest& digest);

// A view of the digest's bytes; valid as long as the digest.
inline std::string_view AsBytes(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace joulebook
