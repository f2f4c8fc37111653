#include "common/crypto/sha256.h"

#include <openssl/evp.h>
#include <sodium.h>

#include "common/status/check.h"

namespace joulebook {

namespace {

// A context is made once for each thread: making one takes longer than hashing a leaf.
class Hasher {
 public:
  Hasher() : algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context_(EVP_MD_CTX_new()) {
    JB_CHECK(algorithm_ != nullptr && context_ != nullptr);
  }
  ~Hasher() {
    EVP_MD_CTX_free(context_);
    EVP_MD_free(algorithm_);
  }
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  Sha256Digest Hash(std::string_view bytes) {
    Sha256Digest digest;
    JB_CHECK(EVP_DigestInit_ex2(context_, algorithm_, nullptr) == 1 &&
             EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1 &&
             EVP_DigestFinal_ex(context_, digest.data(), nullptr) == 1);
    return digest;
  }

 private:
  EVP_MD* const algorithm_;
  EVP_MD_CTX* const context_;
};

}  // namespace

Sha256Digest Sha256(std::string_view bytes) {
  thread_local Hasher hasher;
  return hasher.Hash(bytes);
}

std::string ToHex(std::string_view bytes) {
  std::string text(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                 bytes.size());
  text.pop_back();
  return text;
}

std::string ToHex(const Sha256Digest& digest) { return ToHex(AsBytes(digest)); }

}  // namespace joulebook
