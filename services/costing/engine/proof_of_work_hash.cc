#include "services/costing/engine/proof_of_work_hash.h"

#include <bit>

namespace joulebook::costing {
namespace {

constexpr std::string_view kContext = "joulebook.costing.v1.ProofOfWork";

template <typename Integer>
void AppendBigEndian(Integer value, std::string& bytes) {
  for (int shift = static_cast<int>(sizeof value) * 8 - 8; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(value >> shift));
  }
}

std::string Preimage(const Challenge& challenge) {
  std::string bytes(kContext);
  bytes.push_back('\0');
  bytes.append(reinterpret_cast<const char*>(challenge.member.bytes.data()),
               challenge.member.bytes.size());
  AppendBigEndian(static_cast<uint32_t>(challenge.operation), bytes);
  AppendBigEndian(static_cast<uint64_t>(challenge.time.time_since_epoch().count()), bytes);
  return bytes.append(challenge.tariff_hash);
}

}  // namespace

Sha256Digest ProofHash(const Challenge& challenge, uint64_t nonce) {
  std::string bytes = Preimage(challenge);
  AppendBigEndian(nonce, bytes);
  return Sha256(bytes);
}

int32_t LeadingZeroBits(const Sha256Digest& hash) {
  int32_t bits = 0;
  for (const uint8_t byte : hash) {
    bits += std::countl_zero(byte);
    if (byte != 0) break;
  }
  return bits;
}

uint64_t SolveChallenge(const Challenge& challenge, int32_t bits) {
  const std::string preimage = Preimage(challenge);
  for (uint64_t nonce = 0;; ++nonce) {
    std::string bytes = preimage;
    AppendBigEndian(nonce, bytes);
    if (LeadingZeroBits(Sha256(bytes)) >= bits) return nonce;
  }
}

}  // namespace joulebook::costing
