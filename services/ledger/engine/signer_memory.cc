#include "services/ledger/engine/signer_memory.h"

#include "absl/strings/str_cat.h"
#include "common/files/durable_file.h"

namespace joulebook::ledger {

absl::StatusOr<std::optional<LogCheckpoint>> SignerMemory::Read() {
  std::optional<std::string> note = note_;
  if (!path_.empty()) {
    JB_ASSIGN_OR_RETURN(note, ReadIfThere(path_));
  }
  if (!note.has_value()) return std::optional<LogCheckpoint>();
  const auto text = OpenNote(*note, keys_);
  const auto checkpoint = text.ok() ? ParseCheckpoint(*text) : text.status();
  if (!checkpoint.ok()) {
    return absl::DataLossError(
        absl::StrCat(path_, " is no checkpoint that a key of log-keys signed"));
  }
  return std::optional(*checkpoint);
}

absl::Status SignerMemory::Write(const std::string& note) {
  if (!path_.empty()) return WriteDurably(path_, note);
  note_ = note;
  return absl::OkStatus();
}

absl::Status CheckContinues(const LogCheckpoint& remembered, uint64_t size,
                            const Sha256Digest& root, const MerkleRangeRoot& range_root) {
  const auto proof = MerkleConsistencyProof(size, remembered.size, range_root);
  if (proof.ok() && VerifyMerkleConsistency(remembered.size, remembered.root, size, root, *proof)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("the log of ", size, " records does not continue the one of ", remembered.size,
                   " records that this replica remembers"));
}

}  // namespace joulebook::ledger
