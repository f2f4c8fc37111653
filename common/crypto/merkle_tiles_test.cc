#include "common/crypto/merkle_tiles.h"

#include <map>

#include "common/testing/matchers.h"

namespace joulebook {
namespace {

// Tiles as a database would keep them.
class Tiles {
 public:
  void Put(const std::vector<MerkleTile>& tiles) {
    for (const MerkleTile& tile : tiles) tiles_[{tile.level, tile.index}] = tile.hashes;
  }
  MerkleTileEdge::ReadTile Reader() const {
    return [this](int level, uint64_t index) -> absl::StatusOr<std::vector<Sha256Digest>> {
      const auto it = tiles_.find({level, index});
      return it == tiles_.end() ? std::vector<Sha256Digest>() : it->second;
    };
  }

 private:
  std::map<std::pair<int, uint64_t>, std::vector<Sha256Digest>> tiles_;
};

TEST(MerkleTiles, GrowLikeTheTreeAndProveLikeIt) {
  // Past two levels' worth of tiles, in steps that end inside, at and after tile borders.
  constexpr std::size_t kSize = 66'000;
  std::vector<Sha256Digest> leaves;
  for (std::size_t i = 0; i < kSize; ++i) leaves.push_back(MerkleLeafHash(std::to_string(i)));
  Tiles tiles;
  uint64_t size = 0;
  for (const uint64_t next :
       {1, 2, 255, 256, 257, 511, 513, 4'000, 65'535, 65'536, 65'537, 66'000}) {
    auto edge = MerkleTileEdge::Load(size, tiles.Reader());
    ASSERT_THAT(edge, IsOk());
    std::vector<MerkleTile> full;
    for (; size < next; ++size) edge->Append(leaves[size], full);
    tiles.Put(full);
    tiles.Put(edge->Tiles());
    const std::span<const Sha256Digest> so_far(leaves.data(), size);
    const Sha256Digest root = MerkleRoot(so_far);
    ASSERT_EQ(edge->Root(), root) << size;
    for (const uint64_t index : {uint64_t{0}, size / 3, size / 2, size - 1}) {
      const auto proof = MerkleInclusionProof(size, index, RangeRootFromTiles(tiles.Reader()));
      ASSERT_THAT(proof, IsOk());
      EXPECT_TRUE(VerifyMerkleInclusion(leaves[index], index, size, *proof, root));
    }
    for (const uint64_t old_size : {uint64_t{1}, size / 2, size - 1, size}) {
      const auto proof = MerkleConsistencyProof(size, old_size, RangeRootFromTiles(tiles.Reader()));
      ASSERT_THAT(proof, IsOk());
      EXPECT_TRUE(VerifyMerkleConsistency(old_size, MerkleRoot(so_far.first(old_size)), size, root,
                                          *proof));
    }
  }
}

TEST(MerkleTiles, AMissingTileIsDataLoss) {
  const Tiles nothing;
  EXPECT_EQ(MerkleTileEdge::Load(5, nothing.Reader()).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(MerkleInclusionProof(5, 1, RangeRootFromTiles(nothing.Reader())).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(MerkleTiles, AnEmptyTreeHasTheEmptyRoot) {
  EXPECT_EQ(MerkleTileEdge().Root(), MerkleRoot({}));
  EXPECT_TRUE(MerkleTileEdge().Tiles().empty());
}

}  // namespace
}  // namespace joulebook
