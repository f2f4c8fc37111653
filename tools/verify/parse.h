// The functions that the checks of this tool share.
#pragma once

#include <google/protobuf/message.h>

#include "joulebook/ledger/v1/log.pb.h"
#include "services/ledger/domain/transfer.h"
#include "tools/verify/verify.h"

namespace joulebook::verify {

// INVALID_ARGUMENT unless `json` is exactly such a message.
absl::Status ParseJson(std::string_view json, google::protobuf::Message& message);

// The content of the checkpoint's note, once a known key's signature on it was found good and its
// other fields the same.
absl::StatusOr<LogCheckpoint> OpenCheckpoint(const ledger::v1::Checkpoint& proto, Keys keys);

// INVALID_ARGUMENT unless `bytes` has the length of a hash.
absl::StatusOr<Sha256Digest> ParseHash(std::string_view bytes);

// A transfer that a checkpoint's log holds, and that checkpoint.
struct ProvenTransfer {
  ledger::TransferRecord record;
  LogCheckpoint checkpoint;
};
absl::StatusOr<ProvenTransfer> Prove(const ledger::v1::TransferProof& proof, Keys keys);

}  // namespace joulebook::verify
