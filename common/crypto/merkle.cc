#include "common/crypto/merkle.h"

#include <bit>
#include <string>

namespace joulebook {
namespace {

constexpr char kLeafPrefix = '\x00';
constexpr char kNodePrefix = '\x01';

// The largest power of two below `size` (2 or more).
uint64_t SplitPoint(uint64_t size) { return std::bit_floor(size - 1); }

using Proof = std::vector<Sha256Digest>;

absl::Status AppendRoot(uint64_t start, uint64_t size, const MerkleRangeRoot& range_root,
                        Proof& proof) {
  JB_ASSIGN_OR_RETURN(const Sha256Digest root, range_root(start, size));
  proof.push_back(root);
  return absl::OkStatus();
}

absl::Status AppendPath(uint64_t start, uint64_t size, uint64_t index,
                        const MerkleRangeRoot& range_root, Proof& proof) {
  if (size <= 1) return absl::OkStatus();
  const uint64_t split = SplitPoint(size);
  if (index < split) {
    JB_RETURN_IF_ERROR(AppendPath(start, split, index, range_root, proof));
    return AppendRoot(start + split, size - split, range_root, proof);
  }
  JB_RETURN_IF_ERROR(AppendPath(start + split, size - split, index - split, range_root, proof));
  return AppendRoot(start, split, range_root, proof);
}

absl::Status AppendSubproof(uint64_t start, uint64_t size, uint64_t old_size, bool is_complete,
                            const MerkleRangeRoot& range_root, Proof& proof) {
  if (old_size == size) {
    return is_complete ? absl::OkStatus() : AppendRoot(start, size, range_root, proof);
  }
  const uint64_t split = SplitPoint(size);
  if (old_size <= split) {
    JB_RETURN_IF_ERROR(AppendSubproof(start, split, old_size, is_complete, range_root, proof));
    return AppendRoot(start + split, size - split, range_root, proof);
  }
  JB_RETURN_IF_ERROR(
      AppendSubproof(start + split, size - split, old_size - split, false, range_root, proof));
  return AppendRoot(start, split, range_root, proof);
}

}  // namespace

Sha256Digest MerkleLeafHash(std::string_view leaf) {
  std::string bytes(1, kLeafPrefix);
  bytes.append(leaf);
  return Sha256(bytes);
}

Sha256Digest MerkleNodeHash(const Sha256Digest& left, const Sha256Digest& right) {
  std::string bytes(1, kNodePrefix);
  bytes.append(AsBytes(left)).append(AsBytes(right));
  return Sha256(bytes);
}

Sha256Digest MerkleRoot(std::span<const Sha256Digest> leaf_hashes) {
  if (leaf_hashes.empty()) return Sha256("");
  if (leaf_hashes.size() == 1) return leaf_hashes[0];
  const uint64_t split = SplitPoint(leaf_hashes.size());
  return MerkleNodeHash(MerkleRoot(leaf_hashes.first(split)),
                        MerkleRoot(leaf_hashes.subspan(split)));
}

absl::StatusOr<std::vector<Sha256Digest>> MerkleInclusionProof(uint64_t size, uint64_t index,
                                                               const MerkleRangeRoot& range_root) {
  Proof proof;
  JB_RETURN_IF_ERROR(AppendPath(0, size, index, range_root, proof));
  return proof;
}

absl::StatusOr<std::vector<Sha256Digest>> MerkleConsistencyProof(
    uint64_t size, uint64_t old_size, const MerkleRangeRoot& range_root) {
  Proof proof;
  if (old_size > 0 && old_size < size) {
    JB_RETURN_IF_ERROR(AppendSubproof(0, size, old_size, true, range_root, proof));
  }
  return proof;
}

std::optional<Sha256Digest> MerkleRootFromPath(const Sha256Digest& leaf_hash, uint64_t index,
                                               uint64_t size, std::span<const Sha256Digest> proof) {
  if (index >= size) return std::nullopt;
  Sha256Digest hash = leaf_hash;
  uint64_t node = index;
  uint64_t last = size - 1;
  for (const Sha256Digest& sibling : proof) {
    if (last == 0) return std::nullopt;
    if (node % 2 == 1 || node == last) {
      hash = MerkleNodeHash(sibling, hash);
      while (node % 2 == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = MerkleNodeHash(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0) return std::nullopt;
  return hash;
}

bool VerifyMerkleInclusion(const Sha256Digest& leaf_hash, uint64_t index, uint64_t size,
                           std::span<const Sha256Digest> proof, const Sha256Digest& root) {
  return MerkleRootFromPath(leaf_hash, index, size, proof) == root;
}

bool VerifyMerkleConsistency(uint64_t old_size, const Sha256Digest& old_root, uint64_t new_size,
                             const Sha256Digest& new_root, std::span<const Sha256Digest> proof) {
  if (old_size > new_size) return false;
  if (old_size == new_size) return proof.empty() && old_root == new_root;
  if (old_size == 0) return proof.empty();
  uint64_t node = old_size - 1;
  uint64_t last = new_size - 1;
  while (node % 2 == 1) {
    node >>= 1;
    last >>= 1;
  }
  std::size_t next = 0;
  Sha256Digest old_hash = old_root;
  if (node != 0) {  // The old tree is not itself one complete subtree of the new one.
    if (proof.empty()) return false;
    old_hash = proof[next++];
  }
  Sha256Digest new_hash = old_hash;
  for (; next < proof.size(); ++next) {
    if (last == 0) return false;
    if (node % 2 == 1 || node == last) {
      old_hash = MerkleNodeHash(proof[next], old_hash);
      new_hash = MerkleNodeHash(proof[next], new_hash);
      while (node % 2 == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      new_hash = MerkleNodeHash(new_hash, proof[next]);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && old_hash == old_root && new_hash == new_root;
}

}  // namespace joulebook
