// A Merkle tree (merkle.h) kept in tiles: each holds up to 256 hashes of one level, level L being
// the roots of complete subtrees of 256^L leaves. Appending touches only the last tile of each
// level, and any proof reads a few tiles. The division is that of C2SP tlog-tiles.
#pragma once

#include <vector>

#include "common/crypto/merkle.h"

namespace joulebook {

inline constexpr uint64_t kTileWidth = 256;

// One tile: the hashes that are there so far, 1 to 256.
struct MerkleTile {
  int level = 0;
  uint64_t index = 0;
  std::vector<Sha256Digest> hashes;

  bool operator==(const MerkleTile&) const = default;
};

// The growing right edge of a tree: the last, incomplete tile of every level.
class MerkleTileEdge {
 public:
  MerkleTileEdge() = default;
  // The edge of a tree of `size` leaves; `read` gives the tiles' hashes. DATA_LOSS when a tile has
  // fewer than the tree needs, and the errors of `read`.
  using ReadTile =
      std::function<absl::StatusOr<std::vector<Sha256Digest>>(int level, uint64_t index)>;
  static absl::StatusOr<MerkleTileEdge> Load(uint64_t size, const ReadTile& read);

  // Adds a leaf; tiles that became full go to `full`.
  void Append(const Sha256Digest& leaf_hash, std::vector<MerkleTile>& full);

  uint64_t size() const { return size_; }
  Sha256Digest Root() const;
  // The incomplete tiles that are not empty.
  std::vector<MerkleTile> Tiles() const;

 private:
  void AppendAt(std::size_t level, const Sha256Digest& hash, std::vector<MerkleTile>& full);

  uint64_t size_ = 0;
  std::vector<std::vector<Sha256Digest>> levels_;
};

// Range roots for proofs over a tree of `size` leaves in tiles. Each tile is read once.
MerkleRangeRoot RangeRootFromTiles(MerkleTileEdge::ReadTile read);

}  // namespace joulebook
