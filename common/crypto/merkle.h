// The Merkle tree of RFC 6962, section 2.1: roots, inclusion proofs and consistency proofs.
//
//   leaf = SHA-256(0x00 || bytes)    node = SHA-256(0x01 || left || right)
//   MTH of n > 1 leaves splits at the largest power of two below n; MTH of none is SHA-256("").
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "common/crypto/sha256.h"

namespace joulebook {

Sha256Digest MerkleLeafHash(std::string_view leaf);
Sha256Digest MerkleNodeHash(const Sha256Digest& left, const Sha256Digest& right);

// The root over these leaf hashes. O(n).
Sha256Digest MerkleRoot(std::span<const Sha256Digest> leaf_hashes);

// The audit path of leaf `index` (below the number of leaves), lowest level first. O(n).
std::vector<Sha256Digest> MerkleInclusionProof(std::span<const Sha256Digest> leaf_hashes,
                                               uint64_t index);

// The proof that the first `old_size` leaves (at most all) are a prefix. O(n).
std::vector<Sha256Digest> MerkleConsistencyProof(std::span<const Sha256Digest> leaf_hashes,
                                                 uint64_t old_size);

// Whether the proof shows that `leaf_hash` is leaf `index` of the tree of `size` leaves and `root`.
bool VerifyMerkleInclusion(const Sha256Digest& leaf_hash, uint64_t index, uint64_t size,
                           std::span<const Sha256Digest> proof, const Sha256Digest& root);

// Whether the proof shows that the tree of `old_size` leaves is a prefix of that of `new_size`.
bool VerifyMerkleConsistency(uint64_t old_size, const Sha256Digest& old_root, uint64_t new_size,
                             const Sha256Digest& new_root, std::span<const Sha256Digest> proof);

}  // namespace joulebook
