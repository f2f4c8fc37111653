#include "services/ledger/engine/log_proofs.h"

#include "absl/strings/str_cat.h"
#include "services/ledger/domain/canonical.h"
#include "services/ledger/domain/errors.h"

namespace joulebook::ledger {

absl::StatusOr<StoredCheckpoint> LogProofs::FindCheckpoint(int64_t size, Duration timeout) {
  JB_ASSIGN_OR_RETURN(auto checkpoint, log_.FindCheckpoint(size, timeout));
  if (!checkpoint.has_value()) return CheckpointNotFound(size);
  return *std::move(checkpoint);
}

absl::StatusOr<TransferProof> LogProofs::ProveTransfer(const Uuid& id, int64_t size,
                                                       Duration timeout) {
  TransferProof proof;
  JB_ASSIGN_OR_RETURN(auto record, store_.FindTransfer(id, timeout));
  if (!record.has_value()) return NotFound("transfer", id);
  proof.record = *std::move(record);
  JB_ASSIGN_OR_RETURN(proof.checkpoint, FindCheckpoint(size, timeout));
  if (proof.record.position > proof.checkpoint.size) {
    return NotSealedYet(proof.record.position, proof.checkpoint.size);
  }
  const auto leaves = static_cast<uint64_t>(proof.checkpoint.size);
  const auto index = static_cast<uint64_t>(proof.record.position - 1);
  JB_ASSIGN_OR_RETURN(proof.hashes, Prove(timeout, [&](const MerkleRangeRoot& range_root) {
                        return MerkleInclusionProof(leaves, index, range_root);
                      }));
  const Sha256Digest leaf = MerkleLeafHash(CanonicalBytes(proof.record));
  if (!VerifyMerkleInclusion(leaf, index, leaves, proof.hashes, proof.checkpoint.root)) {
    return ProofFailed(absl::StrCat("transfer ", id.ToString()));
  }
  return proof;
}

absl::StatusOr<ConsistencyProof> LogProofs::ProveConsistency(int64_t old_size, int64_t new_size,
                                                             Duration timeout) {
  ConsistencyProof proof;
  JB_ASSIGN_OR_RETURN(proof.old_checkpoint, FindCheckpoint(old_size, timeout));
  JB_ASSIGN_OR_RETURN(proof.new_checkpoint, FindCheckpoint(new_size, timeout));
  const auto before = static_cast<uint64_t>(proof.old_checkpoint.size);
  const auto after = static_cast<uint64_t>(proof.new_checkpoint.size);
  if (after < before) return FieldInvalid("new_tree_size", "must not be below old_tree_size");
  JB_ASSIGN_OR_RETURN(proof.hashes, Prove(timeout, [&](const MerkleRangeRoot& range_root) {
                        return MerkleConsistencyProof(after, before, range_root);
                      }));
  if (!VerifyMerkleConsistency(before, proof.old_checkpoint.root, after, proof.new_checkpoint.root,
                               proof.hashes)) {
    return ProofFailed(absl::StrCat("checkpoints of ", before, " and ", after));
  }
  return proof;
}

absl::StatusOr<std::vector<LogEntry>> LogProofs::ReadLog(int64_t after, int limit,
                                                         Duration timeout) {
  std::vector<LogEntry> entries;
  JB_RETURN_IF_ERROR(log_.ReadSnapshot(timeout, [&](BookSnapshot& snapshot) {
    entries.clear();
    LogReader reader(snapshot, after, limit);
    for (int read = 0; read < limit; ++read) {
      std::optional<LogEntry> entry = reader.Next();
      if (!entry.has_value()) break;
      entries.push_back(*std::move(entry));
    }
    return absl::OkStatus();
  }));
  return entries;
}

absl::StatusOr<std::vector<Sha256Digest>> LogProofs::Prove(
    Duration timeout,
    const std::function<absl::StatusOr<std::vector<Sha256Digest>>(const MerkleRangeRoot&)>& make) {
  std::vector<Sha256Digest> hashes;
  const absl::Status status =
      log_.ReadSnapshot(timeout, [&](BookSnapshot& snapshot) -> absl::Status {
        const MerkleTileEdge::ReadTile read = [&](int level, uint64_t index) {
          return snapshot.Tile(level, index);
        };
        JB_ASSIGN_OR_RETURN(hashes, make(RangeRootFromTiles(read)));
        return absl::OkStatus();
      });
  if (status.code() == absl::StatusCode::kDataLoss) metrics_.proof_failures.Increment();
  JB_RETURN_IF_ERROR(status);
  return hashes;
}

absl::Status LogProofs::ProofFailed(const std::string& of) {
  metrics_.proof_failures.Increment();
  return absl::DataLossError(
      absl::StrCat("the proof of ", of, " does not hold: book or log were changed by hand"));
}

}  // namespace joulebook::ledger
