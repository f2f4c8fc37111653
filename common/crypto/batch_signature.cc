#include "common/crypto/batch_signature.h"

#include <bit>

#include "absl/strings/str_cat.h"

namespace joulebook {
namespace {

// Signed roots that are remembered, twice.
constexpr std::size_t kRemembered = 4'096;

std::string SignedBytes(std::string_view context, uint64_t count, const Sha256Digest& root) {
  std::string bytes(context);
  bytes.push_back('\0');
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(count >> shift));
  return bytes.append(AsBytes(root));
}

// The root over the leaves, and on the way each leaf's path.
Sha256Digest RootWithPaths(std::span<const Sha256Digest> leaves, std::span<BatchProof> proofs) {
  if (leaves.size() == 1) return leaves[0];
  const std::size_t split = std::bit_floor(leaves.size() - 1);
  const Sha256Digest left = RootWithPaths(leaves.first(split), proofs.first(split));
  const Sha256Digest right = RootWithPaths(leaves.subspan(split), proofs.subspan(split));
  for (BatchProof& proof : proofs.first(split)) proof.path.push_back(right);
  for (BatchProof& proof : proofs.subspan(split)) proof.path.push_back(left);
  return MerkleNodeHash(left, right);
}

}  // namespace

Sha256Digest BatchLeaf(std::string_view context, std::string_view payload) {
  std::string bytes(context);
  bytes.push_back('\0');
  return MerkleLeafHash(bytes.append(payload));
}

std::vector<BatchProof> SignBatch(const NoteSigner& signer, std::string_view context,
                                  std::span<const Sha256Digest> leaves) {
  std::vector<BatchProof> proofs(leaves.size());
  for (BatchProof& proof : proofs) {
    proof.path.reserve(static_cast<std::size_t>(std::bit_width(leaves.size())));
  }
  const Sha256Digest root = RootWithPaths(leaves, proofs);
  const std::string signature = signer.Sign(SignedBytes(context, leaves.size(), root));
  for (std::size_t i = 0; i < proofs.size(); ++i) {
    proofs[i].key_id = signer.verifier().key_id();
    proofs[i].index = i;
    proofs[i].count = leaves.size();
    proofs[i].signature = signature;
  }
  return proofs;
}

bool BatchVerifier::Verify(std::string_view payload, const BatchProof& proof) {
  const NoteVerifier* const key = FindKey(proof.key_id);
  if (key == nullptr) return false;
  const auto root =
      MerkleRootFromPath(BatchLeaf(context_, payload), proof.index, proof.count, proof.path);
  if (!root.has_value()) return false;
  const std::string message = SignedBytes(context_, proof.count, *root);
  const std::string known = absl::StrCat(proof.key_id, proof.signature, message);
  {
    const std::lock_guard lock(mutex_);
    if (recent_.contains(known) || older_.contains(known)) return true;
  }
  if (!VerifyEd25519(key->public_key(), message, proof.signature)) return false;
  const std::lock_guard lock(mutex_);
  if (recent_.size() >= kRemembered) {
    older_ = std::move(recent_);
    recent_.clear();
  }
  recent_.insert(known);
  return true;
}

const NoteVerifier* BatchVerifier::FindKey(std::string_view key_id) const {
  for (const NoteVerifier& key : keys_) {
    if (key.key_id() == key_id) return &key;
  }
  return nullptr;
}

}  // namespace joulebook
