// The last checkpoint that a replica signed or saw, kept outside of the database: who can change
// the database cannot make the signer forget what it signed (ADR 0017).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/crypto/merkle.h"
#include "common/crypto/note.h"
#include "common/status/status.h"

namespace joulebook::ledger {

// One thread at a time.
class SignerMemory {
 public:
  // In the file `path`, as the signed note that it is; `keys` are those of the signer. An empty
  // path remembers until the process ends.
  SignerMemory(std::string path, std::vector<NoteVerifier> keys)
      : path_(std::move(path)), keys_(std::move(keys)) {}

  // Nothing before the first. DATA_LOSS when the file is no checkpoint that one of the keys signed,
  // and the errors of ReadIfThere.
  absl::StatusOr<std::optional<LogCheckpoint>> Read();
  // Durable when it says OK. Errors are those of WriteDurably.
  absl::Status Write(const std::string& note);

 private:
  const std::string path_;
  const std::vector<NoteVerifier> keys_;
  std::optional<std::string> note_;  // without a path
};

// OK if `proof` shows that the log of `size` leaves and `root` continues the remembered one, which
// is not larger; FAILED_PRECONDITION, with what differs, if not.
absl::Status CheckContinues(const LogCheckpoint& remembered, uint64_t size,
                            const Sha256Digest& root, const MerkleRangeRoot& range_root);

}  // namespace joulebook::ledger
