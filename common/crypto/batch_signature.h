// One Ed25519 signature over many payloads: what is signed is the root of their Merkle tree
// (merkle.h), and each payload carries its path. Signing a thousand costs one signature.
#pragma once

#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/crypto/merkle.h"
#include "common/crypto/note.h"

namespace joulebook {

// The proof that a payload is signed.
struct BatchProof {
  std::string key_id;
  uint64_t index = 0;
  uint64_t count = 0;
  std::vector<Sha256Digest> path;  // lowest level first
  std::string signature;

  bool operator==(const BatchProof&) const = default;
};

// A payload's leaf. `context` keeps a signature from being good for anything else.
Sha256Digest BatchLeaf(std::string_view context, std::string_view payload);

// One proof for each leaf, in order; `leaves` is not empty. Signed is
// context || 0x00 || count (8 bytes, big-endian) || root.
std::vector<BatchProof> SignBatch(const NoteSigner& signer, std::string_view context,
                                  std::span<const Sha256Digest> leaves);

// Checks batch signatures. Remembers the last roots that it found signed, so that of a batch only
// the first costs a verification. Thread-safe.
class BatchVerifier {
 public:
  BatchVerifier(std::string context, std::vector<NoteVerifier> keys)
      : context_(std::move(context)), keys_(std::move(keys)) {}

  // Whether one of the keys signed this payload.
  bool Verify(std::string_view payload, const BatchProof& proof);

 private:
  const NoteVerifier* FindKey(std::string_view key_id) const;

  const std::string context_;
  const std::vector<NoteVerifier> keys_;
  std::mutex mutex_;
  // Signed messages, with key and signature: those found lately, and those before.
  std::set<std::string> recent_;
  std::set<std::string> older_;
};

}  // namespace joulebook
