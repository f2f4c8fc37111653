// Ed25519 signatures (RFC 8032), by libsodium. Keys and signatures are raw bytes in strings, as the
// wire and the database carry them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/status/status.h"

namespace joulebook {

inline constexpr std::size_t kEd25519PublicKeySize = 32;
inline constexpr std::size_t kEd25519SeedSize = 32;
inline constexpr std::size_t kEd25519SignatureSize = 64;

class Ed25519PrivateKey {
 public:
  // 32 secret bytes for a new key, from the operating system.
  static std::string NewSeed();
  // `seed` is the 32 secret bytes. INVALID_ARGUMENT for another length.
  static absl::StatusOr<Ed25519PrivateKey> FromSeed(std::string_view seed);

  const std::string& public_key() const { return public_key_; }
  std::string Sign(std::string_view message) const;

 private:
  Ed25519PrivateKey() = default;
  std::string public_key_;
  std::string secret_key_;
};

// Whether the bytes are a point of the curve that some private key can have: canonical, of the
// large subgroup, not of small order.
bool IsEd25519PublicKey(std::string_view bytes);

// False for a wrong signature, and for a key or signature of a wrong length.
bool VerifyEd25519(std::string_view public_key, std::string_view message,
                   std::string_view signature);

}  // namespace joulebook
