// The Merkle tree of RFC 6962, section 2.1: roots, inclusion proofs and consistency proofs.
//
//   leaf = SHA-256(0x00 || bytes)    node = SHA-256(0x01 || left || right)
//   MTH of n > 1 leaves splits at the largest power of two below n; MTH of none is SHA-256("").
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/crypto/sha256.h"
#include "common/status/status.h"

namespace joulebook {

Sha256Digest MerkleLeafHash(std::string_view leaf);
Sha256Digest MerkleNodeHash(const Sha256Digest& left, const Sha256Digest& right);

// The root over these leaf hashes. O(n).
Sha256Digest MerkleRoot(std::span<const Sha256Digest> leaf_hashes);

// The root over the leaves [start, start + size), for whoever keeps them in another way than in a
// vector. Asked only for ranges that start at a multiple of the largest power of two up to `size`.
using MerkleRangeRoot = std::function<absl::StatusOr<Sha256Digest>(uint64_t start, uint64_t size)>;

// The audit path of leaf `index` (below `size`), lowest level first. Errors are those of
// `range_root`, which is asked O(log size) times.
absl::StatusOr<std::vector<Sha256Digest>> MerkleInclusionProof(uint64_t size, uint64_t index,
                                                               const MerkleRangeRoot& range_root);

// The proof that the first `old_size` leaves (at most `size`) are a prefix.
absl::StatusOr<std::vector<Sha256Digest>> MerkleConsistencyProof(uint64_t size, uint64_t old_size,
                                                                 const MerkleRangeRoot& range_root);

// The root that the proof leads to from leaf `index` of `size`; nothing if no proof of this length
// can.
std::optional<Sha256Digest> MerkleRootFromPath(const Sha256Digest& leaf_hash, uint64_t index,
                                               uint64_t size, std::span<const Sha256Digest> proof);

// Whether the proof shows that `leaf_hash` is leaf `index` of the tree of `size` leaves and `root`.
bool VerifyMerkleInclusion(const Sha256Digest& leaf_hash, uint64_t index, uint64_t size,
                           std::span<const Sha256Digest> proof, const Sha256Digest& root);

// Whether the proof shows that the tree of `old_size` leaves is a prefix of that of `new_size`.
bool VerifyMerkleConsistency(uint64_t old_size, const Sha256Digest& old_root, uint64_t new_size,
                             const Sha256Digest& new_root, std::span<const Sha256Digest> proof);

}  // namespace joulebook
