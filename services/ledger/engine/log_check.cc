#include "services/ledger/engine/log_check.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/crypto/note.h"

namespace joulebook::ledger {
namespace {

constexpr int kPage = 4'096;

}  // namespace

Difference LogCheck::Add(const std::string& place, const Sha256Digest& leaf,
                         std::string_view stored) {
  if (!stored.empty() && stored != AsBytes(leaf)) {
    return place + ": its content is not the one that was committed (leaf hash)";
  }
  const uint64_t index = edge_.size();
  if (next_.has_value()) {
    if (index % kTileWidth == 0) tile_ = snapshot_.Tile(0, index / kTileWidth);
    if (tile_.size() <= index % kTileWidth || tile_[index % kTileWidth] != leaf) {
      return place + ": its content is not the one in the log";
    }
  }
  std::vector<MerkleTile> full;
  edge_.Append(leaf, full);
  for (const MerkleTile& tile : full) {
    if (!next_.has_value()) break;
    if (Difference difference = CheckTile(tile); difference.has_value()) return difference;
  }
  return CheckCheckpoint();
}

Difference LogCheck::CheckTile(const MerkleTile& expected) {
  if (snapshot_.Tile(expected.level, expected.index) == expected.hashes) return std::nullopt;
  return absl::StrCat("tile ", expected.level, "/", expected.index,
                      " of the log is not that of the records");
}

Difference LogCheck::Finish() {
  if (next_.has_value()) {
    return absl::StrCat("the log has a checkpoint of ", next_->size, " records and the book has ",
                        edge_.size());
  }
  for (const TileLevel& level : snapshot_.TileLevels()) {
    const int64_t hashes = sealed() >> (8 * level.level);
    const int64_t tiles =
        (hashes + static_cast<int64_t>(kTileWidth) - 1) / static_cast<int64_t>(kTileWidth);
    if (level.hashes == hashes && level.tiles == tiles) continue;
    return absl::StrCat("level ", level.level, " of the log has ", level.hashes, " hashes in ",
                        level.tiles, " tiles, and the last checkpoint is of ", sealed(),
                        " records");
  }
  return std::nullopt;
}

Difference LogCheck::CheckCheckpoint() {
  if (!next_.has_value() || static_cast<uint64_t>(next_->size) != edge_.size()) {
    return std::nullopt;
  }
  const std::string name = absl::StrCat("the checkpoint of ", next_->size, " records");
  const LogCheckpoint expected{"", edge_.size(), edge_.Root()};
  const auto noted = ParseCheckpoint(NoteText(next_->note));
  if (next_->root != expected.root || !noted.ok() || noted->root != expected.root ||
      noted->size != expected.size) {
    return name + " is not that of the records";
  }
  if (next_->chain_hash != ChainHash(last_, *next_)) {
    return name + ": its chain hash is not that of the checkpoints up to it";
  }
  last_ = std::move(next_);
  NextCheckpoint();
  if (next_.has_value()) return std::nullopt;
  // Tiles that are not full are as the last checkpoint left them.
  for (const MerkleTile& tile : edge_.Tiles()) {
    if (Difference difference = CheckTile(tile); difference.has_value()) return difference;
  }
  return std::nullopt;
}

void LogCheck::NextCheckpoint() {
  if (page_.empty()) {
    page_ = snapshot_.Checkpoints(sealed(), kPage);
    std::reverse(page_.begin(), page_.end());
  }
  next_.reset();
  if (page_.empty()) return;
  next_ = std::move(page_.back());
  page_.pop_back();
}

}  // namespace joulebook::ledger
