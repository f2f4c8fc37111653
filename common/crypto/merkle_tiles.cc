#include "common/crypto/merkle_tiles.h"

#include <bit>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

namespace joulebook {
namespace {

constexpr int kTileHeight = 8;
constexpr int kMaxLevel = 64 / kTileHeight - 1;

// Leaves under one hash of a level.
uint64_t LeavesOf(int level) { return uint64_t{1} << (kTileHeight * level); }

class TileRanges {
 public:
  explicit TileRanges(MerkleTileEdge::ReadTile read) : read_(std::move(read)) {}

  absl::StatusOr<Sha256Digest> Root(uint64_t start, uint64_t size) {
    if (std::has_single_bit(size) && start % size == 0) return Subtree(start, size);
    const uint64_t split = std::bit_floor(size - 1);
    JB_ASSIGN_OR_RETURN(const Sha256Digest left, Root(start, split));
    JB_ASSIGN_OR_RETURN(const Sha256Digest right, Root(start + split, size - split));
    return MerkleNodeHash(left, right);
  }

 private:
  // A complete subtree: one run of hashes in one tile.
  absl::StatusOr<Sha256Digest> Subtree(uint64_t start, uint64_t size) {
    const int level = (static_cast<int>(std::bit_width(size)) - 1) / kTileHeight;
    const uint64_t first = start / LeavesOf(level);
    const uint64_t count = size / LeavesOf(level);
    JB_ASSIGN_OR_RETURN(const auto* hashes, Tile(level, first / kTileWidth));
    if (first % kTileWidth + count > hashes->size()) {
      return absl::DataLossError(
          absl::StrCat("tile ", level, "/", first / kTileWidth, " of the log is too short"));
    }
    return MerkleRoot(std::span(*hashes).subspan(first % kTileWidth, count));
  }

  absl::StatusOr<const std::vector<Sha256Digest>*> Tile(int level, uint64_t index) {
    const auto key = std::pair(level, index);
    const auto it = tiles_.find(key);
    if (it != tiles_.end()) return &it->second;
    JB_ASSIGN_OR_RETURN(auto hashes, read_(level, index));
    return &(tiles_[key] = std::move(hashes));
  }

  const MerkleTileEdge::ReadTile read_;
  std::map<std::pair<int, uint64_t>, std::vector<Sha256Digest>> tiles_;
};

}  // namespace

absl::StatusOr<MerkleTileEdge> MerkleTileEdge::Load(uint64_t size, const ReadTile& read) {
  MerkleTileEdge edge;
  edge.size_ = size;
  for (int level = 0; level <= kMaxLevel && size >= LeavesOf(level); ++level) {
    const uint64_t hashes = size / LeavesOf(level);
    std::vector<Sha256Digest>& last = edge.levels_.emplace_back();
    if (hashes % kTileWidth == 0) continue;
    JB_ASSIGN_OR_RETURN(last, read(level, hashes / kTileWidth));
    if (last.size() < hashes % kTileWidth) {
      return absl::DataLossError(
          absl::StrCat("tile ", level, "/", hashes / kTileWidth, " of the log is too short"));
    }
    last.resize(hashes % kTileWidth);
  }
  return edge;
}

void MerkleTileEdge::Append(const Sha256Digest& leaf_hash, std::vector<MerkleTile>& full) {
  ++size_;
  AppendAt(0, leaf_hash, full);
}

void MerkleTileEdge::AppendAt(std::size_t level, const Sha256Digest& hash,
                              std::vector<MerkleTile>& full) {
  if (levels_.size() <= level) levels_.resize(level + 1);
  levels_[level].push_back(hash);
  if (levels_[level].size() < kTileWidth) return;
  const uint64_t hashes = size_ / LeavesOf(static_cast<int>(level));
  std::vector<Sha256Digest> complete = std::exchange(levels_[level], {});
  const Sha256Digest root = MerkleRoot(complete);
  full.push_back({static_cast<int>(level), hashes / kTileWidth - 1, std::move(complete)});
  AppendAt(level + 1, root, full);
}

Sha256Digest MerkleTileEdge::Root() const {
  std::optional<Sha256Digest> root;
  for (const auto& hashes : levels_) {
    std::span<const Sha256Digest> rest(hashes);
    while (!rest.empty()) {  // complete subtrees, smallest and rightmost first
      const std::size_t size = std::size_t{1} << std::countr_zero(rest.size());
      const Sha256Digest subtree = MerkleRoot(rest.last(size));
      root = root.has_value() ? MerkleNodeHash(subtree, *root) : subtree;
      rest = rest.first(rest.size() - size);
    }
  }
  return root.value_or(MerkleRoot({}));
}

std::vector<MerkleTile> MerkleTileEdge::Tiles() const {
  std::vector<MerkleTile> tiles;
  for (std::size_t level = 0; level < levels_.size(); ++level) {
    if (levels_[level].empty()) continue;
    const uint64_t hashes = size_ / LeavesOf(static_cast<int>(level));
    tiles.push_back({static_cast<int>(level), hashes / kTileWidth, levels_[level]});
  }
  return tiles;
}

MerkleRangeRoot RangeRootFromTiles(MerkleTileEdge::ReadTile read) {
  return [ranges = std::make_shared<TileRanges>(std::move(read))](uint64_t start, uint64_t size) {
    return ranges->Root(start, size);
  };
}

}  // namespace joulebook
