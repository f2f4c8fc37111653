// The hash of a proof of work, and the search for a proof: docs/reference/proof-of-work.md.
#pragma once

#include <string>

#include "common/crypto/sha256.h"
#include "common/ids/uuid.h"
#include "common/time/clock.h"

namespace joulebook::costing {

struct Challenge {
  Uuid member;
  int32_t operation = 0;
  Time time;
  std::string tariff_hash;  // 32 bytes
};

// SHA-256 of: the text "joulebook.costing.v1.ProofOfWork" and a zero byte, the member's 16 bytes,
// the operation (4 bytes), the time in microseconds since 1970 UTC (8 bytes), the tariff's hash (32
// bytes), the nonce (8 bytes). Integers are big-endian.
Sha256Digest ProofHash(const Challenge& challenge, uint64_t nonce);

int32_t LeadingZeroBits(const Sha256Digest& hash);

// The first nonce whose hash has so many leading zero bits: about 2^bits hashes.
uint64_t SolveChallenge(const Challenge& challenge, int32_t bits);

}  // namespace joulebook::costing
