// The Merkle log compared with the records that it is of.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/ledger/domain/audit.h"
#include "services/ledger/store/log_store.h"

namespace joulebook::ledger {

class LogCheck {
 public:
  // The snapshot must outlive the check.
  explicit LogCheck(BookSnapshot& snapshot) : snapshot_(snapshot) { NextCheckpoint(); }

  // The next leaf, and the hash that was stored with its record (empty where none was); `place`
  // says which it is.
  Difference Add(const std::string& place, const Sha256Digest& leaf, std::string_view stored);
  // After the last one: whether checkpoints and tiles end where the records do or before, and
  // together.
  Difference Finish();

  // The leaves that the checkpoints so far cover.
  int64_t sealed() const { return last_.has_value() ? last_->size : 0; }

 private:
  Difference CheckCheckpoint();
  Difference CheckTile(const MerkleTile& expected);
  void NextCheckpoint();

  BookSnapshot& snapshot_;
  MerkleTileEdge edge_;
  std::vector<Sha256Digest> tile_;
  std::vector<StoredCheckpoint> page_;    // newest first
  std::optional<StoredCheckpoint> last_;  // was compared
  std::optional<StoredCheckpoint> next_;  // is not reached yet
};

}  // namespace joulebook::ledger
