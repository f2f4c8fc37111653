#include "services/ledger/store/pg_log_store.h"

#include <algorithm>
#include <pqxx/binarystring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/ledger/domain/canonical.h"
#include "services/ledger/store/book_io.h"
#include "services/ledger/store/rows.h"
#include "services/ledger/store/sql.h"

namespace joulebook::ledger {
namespace {

Sha256Digest ToDigest(std::string_view bytes) {
  Sha256Digest digest{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), digest.size()), digest.begin());
  return digest;
}

std::vector<Sha256Digest> ToDigests(std::string_view bytes) {
  std::vector<Sha256Digest> digests;
  for (std::size_t i = 0; i + sizeof(Sha256Digest) <= bytes.size(); i += sizeof(Sha256Digest)) {
    digests.push_back(ToDigest(bytes.substr(i, sizeof(Sha256Digest))));
  }
  return digests;
}

pqxx::binarystring ToBinary(const std::vector<Sha256Digest>& digests) {
  return {reinterpret_cast<const char*>(digests.data()), digests.size() * sizeof(Sha256Digest)};
}

StoredCheckpoint ReadCheckpoint(const pqxx::row& row) {
  return {.size = row[0].as<int64_t>(),
          .root = ToDigest(ReadBytes(row[1])),
          .sealed = FromMicros(row[2].as<int64_t>()),
          .note = row[3].as<std::string>(),
          .chain_hash = ReadBytes(row[4])};
}

StoredRecord ReadRecord(const pqxx::row& row) {
  return {.position = row[0].as<int64_t>(),
          .recorded = FromMicros(row[1].as<int64_t>()),
          .kind = static_cast<RecordKind>(row[2].as<int>()),
          .subject = ReadUuid(row[3]),
          .content = ReadBytes(row[4]),
          .leaf_hash = ReadBytes(row[5])};
}

std::vector<Sha256Digest> ReadTile(int level, uint64_t index, pqxx::transaction_base& tx) {
  const pqxx::result rows = tx.exec_params(sql::kTile, level, static_cast<int64_t>(index));
  return rows.empty() ? std::vector<Sha256Digest>() : ToDigests(ReadBytes(rows[0][0]));
}

std::optional<StoredCheckpoint> NewestCheckpoint(pqxx::transaction_base& tx) {
  const pqxx::result rows = tx.exec(sql::kNewestCheckpoint);
  return rows.empty() ? std::nullopt : std::optional(ReadCheckpoint(rows[0]));
}

class PgBookSnapshot final : public BookSnapshot {
 public:
  PgBookSnapshot(pqxx::transaction_base& tx, Clock& clock, Duration end)
      : tx_(tx), clock_(clock), end_(end) {}

  bool IsOverdue() override { return clock_.MonotonicNow() >= end_; }
  std::optional<BookHead> Head() override {
    const pqxx::result rows = tx_.exec(sql::kHead);
    return rows.empty() ? std::nullopt : std::optional(ReadHead(rows[0]));
  }
  std::vector<TransferRecord> Transfers(int64_t after, int limit) override {
    return All<TransferRecord>(tx_.exec_params(sql::kTransfersSince, after, limit), ReadTransfer);
  }
  std::vector<StoredRecord> Records(int64_t after, int limit) override {
    return All<StoredRecord>(tx_.exec_params(sql::kRecordsSince, after, limit), ReadRecord);
  }
  std::vector<Asset> Assets() override { return All<Asset>(tx_.exec(sql::kAssets), ReadAsset); }
  std::vector<Member> Members(int64_t after, int limit) override {
    return All<Member>(tx_.exec_params(sql::kMembersUp, after, limit), ReadMember);
  }
  std::vector<ReputationChange> ReputationChanges(const After& after, int limit) override {
    return PageById<ReputationChange>(sql::kReputationChangesPage, after, limit,
                                      ReadReputationChange);
  }
  std::vector<Account> Accounts(const After& after, int limit) override {
    return PageById<Account>(sql::kAccountsPage, after, limit, ReadAccount);
  }
  std::vector<Hold> Holds(const After& after, int limit) override {
    return PageById<Hold>(sql::kHoldsPage, after, limit, ReadHold);
  }
  std::vector<OnceKeyHolder> OnceKeys(const After& after, int limit) override {
    return PageById<OnceKeyHolder>(sql::kOnceKeysPage, after, limit, ReadOnceKeyHolder);
  }
  std::vector<StoredCheckpoint> Checkpoints(int64_t after, int limit) override {
    return All<StoredCheckpoint>(tx_.exec_params(sql::kCheckpointsPage, after, limit),
                                 ReadCheckpoint);
  }
  std::vector<Sha256Digest> Tile(int level, uint64_t index) override {
    return ReadTile(level, index, tx_);
  }
  std::vector<TileLevel> TileLevels() override {
    return All<TileLevel>(tx_.exec(sql::kTileLevels), [](const pqxx::row& row) {
      return TileLevel{row[0].as<int>(), row[1].as<int64_t>(), row[2].as<int64_t>()};
    });
  }

 private:
  template <typename T, typename Convert>
  static std::vector<T> All(const pqxx::result& rows, const Convert& convert) {
    std::vector<T> values;
    for (const auto& row : rows) values.push_back(convert(row));
    return values;
  }

  template <typename T, typename Convert>
  std::vector<T> PageById(const char* sql, const After& after, int limit, const Convert& convert) {
    const std::string id = after.value_or(Uuid::Nil()).ToString();
    return All<T>(tx_.exec_params(sql, after.has_value() ? id.c_str() : nullptr, limit), convert);
  }

  pqxx::transaction_base& tx_;
  Clock& clock_;
  const Duration end_;
};

class PgLogStore final : public LogStore {
 public:
  explicit PgLogStore(const Database& database) : database_(database) {}

  absl::StatusOr<std::optional<int64_t>> Seal(const Uuid& holder, Duration lease, int64_t limit,
                                              int64_t reach, Duration timeout,
                                              const SealDecision& decide) override {
    std::optional<int64_t> sealed;
    JB_RETURN_IF_ERROR(RunTransaction(
        database_, {.timeout = timeout}, [&](pqxx::transaction_base& tx) -> absl::Status {
          sealed.reset();
          const int64_t now = ToMicros(database_.clock.Now());
          if (tx.exec_params(sql::kTakeLease, holder.ToString(), now, now + lease.count())
                  .empty()) {
            return absl::OkStatus();
          }
          JB_ASSIGN_OR_RETURN(UnsealedLog log, ReadUnsealed(limit, reach, tx));
          sealed = static_cast<int64_t>(log.leaves.size());
          if (log.leaves.empty()) return absl::OkStatus();
          JB_ASSIGN_OR_RETURN(const NewSeal seal, decide(std::move(log)));
          WriteSeal(seal, tx);
          return absl::OkStatus();
        }));
    return sealed;
  }

  absl::StatusOr<std::optional<Time>> OldestUnsealed(Duration timeout) override {
    std::optional<Time> oldest;
    JB_RETURN_IF_ERROR(Read(timeout, [&](pqxx::transaction_base& tx) {
      const pqxx::result rows = tx.exec(sql::kOldestUnsealed);
      if (!rows.empty()) oldest = FromMicros(rows[0][0].as<int64_t>());
      return absl::OkStatus();
    }));
    return oldest;
  }

  absl::StatusOr<std::optional<StoredCheckpoint>> FindCheckpoint(int64_t size,
                                                                 Duration timeout) override {
    std::optional<StoredCheckpoint> found;
    JB_RETURN_IF_ERROR(Read(timeout, [&](pqxx::transaction_base& tx) {
      if (size == 0) {
        found = NewestCheckpoint(tx);
        return absl::OkStatus();
      }
      const pqxx::result rows = tx.exec_params(sql::kCheckpoint, size);
      if (!rows.empty()) found = ReadCheckpoint(rows[0]);
      return absl::OkStatus();
    }));
    return found;
  }

  absl::Status ReadSnapshot(Duration timeout,
                            const std::function<absl::Status(BookSnapshot&)>& read) override {
    const Duration end = database_.clock.MonotonicNow() + timeout;
    return Read(timeout, [&](pqxx::transaction_base& tx) {
      PgBookSnapshot snapshot(tx, database_.clock, end);
      return read(snapshot);
    });
  }

 private:
  absl::Status Read(Duration timeout,
                    const std::function<absl::Status(pqxx::transaction_base&)>& read) {
    return RunTransaction(
        database_, {.isolation = Isolation::kRepeatableReadReadOnly, .timeout = timeout}, read);
  }

  static absl::StatusOr<UnsealedLog> ReadUnsealed(int64_t limit, int64_t reach,
                                                  pqxx::transaction_base& tx) {
    UnsealedLog log;
    log.last = NewestCheckpoint(tx);
    const auto& last = log.last;
    const int64_t size = last.has_value() ? last->size : 0;
    log.read_tile = [&tx](int level, uint64_t index) { return ReadTile(level, index, tx); };
    JB_ASSIGN_OR_RETURN(log.edge, MerkleTileEdge::Load(static_cast<uint64_t>(size), log.read_tile));
    if (last.has_value() && log.edge.Root() != last->root) {
      return absl::DataLossError(
          absl::StrCat("the tiles of the log are not those of its checkpoint of size ", size));
    }
    int64_t position = size;
    for (const auto& row : tx.exec_params(sql::kLeaves, size, std::max(limit, reach - size))) {
      if (row[0].as<int64_t>() != ++position) {
        return absl::DataLossError(absl::StrCat("the record at position ", position, " is gone"));
      }
      if (row[1].is_null()) {
        log.leaves.push_back(LeafOf(position, tx));
      } else {
        log.leaves.push_back(ToDigest(ReadBytes(row[1])));
      }
    }
    return log;
  }

  // The leaf of a transfer that was committed before leaves were written with transfers.
  static Sha256Digest LeafOf(int64_t position, pqxx::transaction_base& tx) {
    const pqxx::result rows = tx.exec_params(sql::kTransfersSince, position - 1, 1);
    return MerkleLeafHash(CanonicalBytes(ReadTransfer(rows[0])));
  }

  static void WriteSeal(const NewSeal& seal, pqxx::transaction_base& tx) {
    for (const MerkleTile& tile : seal.tiles) {
      tx.exec_params(sql::kPutTile, tile.level, static_cast<int64_t>(tile.index),
                     ToBinary(tile.hashes));
    }
    const StoredCheckpoint& checkpoint = seal.checkpoint;
    tx.exec_params(sql::kInsertCheckpoint, checkpoint.size, ToBinary({checkpoint.root}),
                   ToMicros(checkpoint.sealed), checkpoint.note,
                   pqxx::binarystring(checkpoint.chain_hash));
  }

  const Database database_;
};

}  // namespace

std::unique_ptr<LogStore> MakePgLogStore(const Database& database) {
  return std::make_unique<PgLogStore>(database);
}

}  // namespace joulebook::ledger
