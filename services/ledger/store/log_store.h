// Where the Merkle log over the book is kept, in the words of merkle_tiles.h.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/crypto/merkle_tiles.h"
#include "common/time/clock.h"
#include "services/ledger/domain/book.h"

namespace joulebook::ledger {

struct StoredCheckpoint {
  int64_t size = 0;
  Sha256Digest root{};
  Time sealed;
  std::string note;
  // SHA-256 over the one before (nothing, for the first), the size, the root, the time in
  // microseconds and the note; integers are 8 bytes, big-endian. So no checkpoint can go or change
  // without all after it.
  std::string chain_hash;
};

// The chain hash of `checkpoint` after `last`, if there is one.
std::string ChainHash(const std::optional<StoredCheckpoint>& last,
                      const StoredCheckpoint& checkpoint);

// The start of a seal: the log as it is, and the leaves that it has not got yet, in order.
struct UnsealedLog {
  std::optional<StoredCheckpoint> last;
  MerkleTileEdge edge;
  MerkleTileEdge::ReadTile read_tile;  // of the log as it is; while the decision runs
  std::vector<Sha256Digest> leaves;
};

struct NewSeal {
  std::vector<MerkleTile> tiles;
  StoredCheckpoint checkpoint;
};

using SealDecision = std::function<absl::StatusOr<NewSeal>(UnsealedLog log)>;

// A row of the table records: the record, as far as its columns say it, its canonical bytes and
// their leaf hash.
struct StoredRecord {
  int64_t position = 0;
  Time recorded;
  RecordKind kind{};
  Uuid subject;
  std::string content;
  std::string leaf_hash;
};

// The stored part of one level of the log's tree.
struct TileLevel {
  int level = 0;
  int64_t tiles = 0;
  int64_t hashes = 0;
};

// The whole book and log at one instant. Errors as RunTransaction's.
class BookSnapshot {
 public:
  virtual ~BookSnapshot() = default;
  // Whether the time for reading it is over.
  virtual bool IsOverdue() = 0;
  // Nothing if the book has lost its row.
  virtual std::optional<BookHead> Head() = 0;
  // In order of position, those after `after`. Refused transfers too.
  virtual std::vector<TransferRecord> Transfers(int64_t after, int limit) = 0;
  virtual std::vector<StoredRecord> Records(int64_t after, int limit) = 0;
  virtual std::vector<Asset> Assets() = 0;
  // By number, those after `after`.
  virtual std::vector<Member> Members(int64_t after, int limit) = 0;
  // By id, those after `after`; without it from the first, which may be the nil UUID.
  using After = std::optional<Uuid>;
  virtual std::vector<ReputationChange> ReputationChanges(const After& after, int limit) = 0;
  virtual std::vector<Account> Accounts(const After& after, int limit) = 0;
  virtual std::vector<Hold> Holds(const After& after, int limit) = 0;
  virtual std::vector<OnceKeyHolder> OnceKeys(const After& after, int limit) = 0;
  // By size, those of more than `after` leaves.
  virtual std::vector<StoredCheckpoint> Checkpoints(int64_t after, int limit) = 0;
  // Empty where there is none.
  virtual std::vector<Sha256Digest> Tile(int level, uint64_t index) = 0;
  // Those that have tiles, in order.
  virtual std::vector<TileLevel> TileLevels() = 0;
};

// Thread-safe. Errors of every call are those of Store.
class LogStore {
 public:
  virtual ~LogStore() = default;

  // Takes or renews the lease for `holder` and, if there are unsealed records, at most `limit` of
  // them, or as many as bring the log to `reach` records if those are more, are given to `decide`
  // and its seal is written, all in one transaction. How many leaves were sealed; nothing when
  // another holder has the lease. DATA_LOSS when the records have a gap or the tiles are not those
  // of the last checkpoint.
  virtual absl::StatusOr<std::optional<int64_t>> Seal(const Uuid& holder, Duration lease,
                                                      int64_t limit, int64_t reach,
                                                      Duration timeout,
                                                      const SealDecision& decide) = 0;
  // When the first record that is not sealed was recorded; nothing when all are.
  virtual absl::StatusOr<std::optional<Time>> OldestUnsealed(Duration timeout) = 0;
  // The checkpoint of that size, or the newest for 0.
  virtual absl::StatusOr<std::optional<StoredCheckpoint>> FindCheckpoint(int64_t size,
                                                                         Duration timeout) = 0;
  // Runs `read` on one snapshot of book and log; it may run again after a failure.
  virtual absl::Status ReadSnapshot(Duration timeout,
                                    const std::function<absl::Status(BookSnapshot&)>& read) = 0;
};

}  // namespace joulebook::ledger
