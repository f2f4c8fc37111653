#include "common/crypto/ed25519.h"

#include <sodium.h>

namespace joulebook {
namespace {

static_assert(kEd25519PublicKeySize == crypto_sign_PUBLICKEYBYTES);
static_assert(kEd25519SeedSize == crypto_sign_SEEDBYTES);
static_assert(kEd25519SignatureSize == crypto_sign_BYTES);

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* MutableBytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

}  // namespace

std::string Ed25519PrivateKey::NewSeed() {
  std::string seed(kEd25519SeedSize, '\0');
  randombytes_buf(seed.data(), seed.size());
  return seed;
}

absl::StatusOr<Ed25519PrivateKey> Ed25519PrivateKey::FromSeed(std::string_view seed) {
  if (seed.size() != kEd25519SeedSize) {
    return absl::InvalidArgumentError("an Ed25519 seed has 32 bytes");
  }
  Ed25519PrivateKey key;
  key.public_key_.resize(crypto_sign_PUBLICKEYBYTES);
  key.secret_key_.resize(crypto_sign_SECRETKEYBYTES);
  crypto_sign_seed_keypair(MutableBytes(key.public_key_), MutableBytes(key.secret_key_),
                           Bytes(seed));
  return key;
}

std::string Ed25519PrivateKey::Sign(std::string_view message) const {
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(MutableBytes(signature), nullptr, Bytes(message), message.size(),
                       Bytes(secret_key_));
  return signature;
}

bool IsEd25519PublicKey(std::string_view bytes) {
  return bytes.size() == kEd25519PublicKeySize && crypto_core_ed25519_is_valid_point(Bytes(bytes));
}

bool VerifyEd25519(std::string_view public_key, std::string_view message,
                   std::string_view signature) {
  return public_key.size() == kEd25519PublicKeySize && signature.size() == kEd25519SignatureSize &&
         crypto_sign_verify_detached(Bytes(signature), Bytes(message), message.size(),
                                     Bytes(public_key)) == 0;
}

}  // namespace joulebook
