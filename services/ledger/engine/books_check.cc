#include "services/ledger/engine/books_check.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/crypto/note.h"
#include "services/ledger/domain/canonical.h"

namespace joulebook::ledger {
namespace {

constexpr int kPage = 4'096;

// Compares the log with the transfers as they pass by.
class LogCheck {
 public:
  explicit LogCheck(BookSnapshot& snapshot) : snapshot_(snapshot) { NextCheckpoint(); }

  Difference Add(const TransferRecord& record) {
    const Sha256Digest leaf = MerkleLeafHash(CanonicalBytes(record));
    const std::string place = absl::StrCat("position ", record.position, ", transfer ",
                                           record.request.id.ToString(), ": ");
    if (!record.leaf_hash.empty() && record.leaf_hash != AsBytes(leaf)) {
      return place + "its content is not the one that was committed (leaf hash)";
    }
    const uint64_t index = edge_.size();
    if (next_.has_value()) {
      if (index % kTileWidth == 0) tile_ = snapshot_.Tile(0, index / kTileWidth);
      if (tile_.size() <= index % kTileWidth || tile_[index % kTileWidth] != leaf) {
        return place + "its content is not the one in the log";
      }
    }
    std::vector<MerkleTile> full;
    edge_.Append(leaf, full);
    for (const MerkleTile& tile : full) {
      if (next_.has_value() && snapshot_.Tile(tile.level, tile.index) != tile.hashes) {
        return absl::StrCat("tile ", tile.level, "/", tile.index,
                            " of the log is not that of the transfers");
      }
    }
    return CheckCheckpoint();
  }

  // After the last transfer.
  Difference Finish() const {
    if (!next_.has_value()) return std::nullopt;
    return absl::StrCat("the log has a checkpoint of ", next_->size, " transfers and the book has ",
                        edge_.size());
  }

  int64_t sealed() const { return sealed_; }

 private:
  Difference CheckCheckpoint() {
    if (!next_.has_value() || static_cast<uint64_t>(next_->size) != edge_.size()) {
      return std::nullopt;
    }
    const LogCheckpoint expected{"", edge_.size(), edge_.Root()};
    const auto noted = ParseCheckpoint(NoteText(next_->note));
    if (next_->root != expected.root || !noted.ok() || noted->root != expected.root ||
        noted->size != expected.size) {
      return absl::StrCat("the checkpoint of ", next_->size,
                          " transfers is not that of the transfers");
    }
    sealed_ = next_->size;
    NextCheckpoint();
    return std::nullopt;
  }

  void NextCheckpoint() {
    if (page_.empty()) {
      page_ = snapshot_.Checkpoints(sealed_, kPage);
      std::reverse(page_.begin(), page_.end());
    }
    next_.reset();
    if (page_.empty()) return;
    next_ = std::move(page_.back());
    page_.pop_back();
  }

  BookSnapshot& snapshot_;
  MerkleTileEdge edge_;
  std::vector<Sha256Digest> tile_;
  std::vector<StoredCheckpoint> page_;  // newest first
  std::optional<StoredCheckpoint> next_;
  int64_t sealed_ = 0;
};

class BooksCheck {
 public:
  BooksCheck(BookSnapshot& snapshot, const ReadPricedUse& read_quote,
             const std::function<bool(const BooksProgress&)>& progress)
      : snapshot_(snapshot), progress_(progress), log_(snapshot), quotes_(read_quote) {}

  absl::StatusOr<Difference> Run() {
    JB_ASSIGN_OR_RETURN(Difference difference, CheckTransfers());
    if (!difference.has_value()) difference = log_.Finish();
    if (!difference.has_value()) difference = audit_.CheckSums();
    if (!difference.has_value()) {
      difference =
          CheckAll([this](const Uuid& after) { return snapshot_.Accounts(after, kPage); },
                   [this](const Account& account) { return audit_.CheckAccount(account); });
    }
    if (!difference.has_value()) {
      difference = CheckAll([this](const Uuid& after) { return snapshot_.Holds(after, kPage); },
                            [this](const Hold& hold) {
                              Difference wrong = audit_.CheckHold(hold);
                              return wrong.has_value() ? wrong : quotes_.CheckHold(hold);
                            });
    }
    if (!difference.has_value()) {
      difference =
          CheckAll([this](const Uuid& after) { return snapshot_.OnceKeys(after, kPage); },
                   [this](const OnceKeyHolder& holder) { return audit_.CheckOnceKey(holder); });
    }
    if (!difference.has_value()) difference = audit_.CheckComplete();
    return difference;
  }

 private:
  absl::StatusOr<Difference> CheckTransfers() {
    const int64_t total = snapshot_.LastPosition();
    for (;;) {
      const auto page = snapshot_.Transfers(audit_.transfers(), kPage);
      for (const TransferRecord& record : page) {
        Difference difference = log_.Add(record);
        if (!difference.has_value()) difference = audit_.Add(record);
        if (!difference.has_value()) difference = quotes_.Add(record);
        if (difference.has_value()) return difference;
      }
      if (!progress_({audit_.transfers(), total, log_.sealed()})) {
        return absl::CancelledError("the check was given up");
      }
      if (page.empty()) break;
    }
    if (audit_.transfers() == total) return Difference();
    return Difference(
        absl::StrCat("the book should have ", total, " transfers and has ", audit_.transfers()));
  }

  template <typename Next, typename Check>
  static Difference CheckAll(const Next& next, const Check& check) {
    for (Uuid after = Uuid::Nil();;) {
      const auto page = next(after);
      if (page.empty()) return std::nullopt;
      for (const auto& item : page) {
        if (Difference difference = check(item); difference.has_value()) return difference;
      }
      after = page.back().id;
    }
  }

  BookSnapshot& snapshot_;
  const std::function<bool(const BooksProgress&)>& progress_;
  LogCheck log_;
  BookAudit audit_;
  QuoteAudit quotes_;
};

}  // namespace

absl::StatusOr<Difference> CheckBooks(LogStore& store, const ReadPricedUse& read_quote,
                                      Duration timeout,
                                      const std::function<bool(const BooksProgress&)>& progress) {
  Difference difference;
  JB_RETURN_IF_ERROR(store.ReadSnapshot(timeout, [&](BookSnapshot& snapshot) -> absl::Status {
    JB_ASSIGN_OR_RETURN(difference, BooksCheck(snapshot, read_quote, progress).Run());
    return absl::OkStatus();
  }));
  return difference;
}

}  // namespace joulebook::ledger
