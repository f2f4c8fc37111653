#include "services/ledger/rpc/convert_log.h"

#include <string>

#include "services/ledger/rpc/convert_transfer.h"

namespace joulebook::ledger {
namespace {

template <typename Proto>
void AddHashes(const std::vector<Sha256Digest>& hashes, Proto& proto) {
  for (const Sha256Digest& hash : hashes) proto.add_hashes(std::string(AsBytes(hash)));
}

}  // namespace

void ToProto(const StoredCheckpoint& checkpoint, v1::Checkpoint& proto) {
  proto.set_note(checkpoint.note);
  proto.set_tree_size(checkpoint.size);
  proto.set_root_hash(std::string(AsBytes(checkpoint.root)));
  ToProto(checkpoint.sealed, *proto.mutable_sealed_time());
}

void ToProto(const TransferProof& proof, v1::TransferProof& proto) {
  ToProto(proof.record, *proto.mutable_transfer());
  proto.set_leaf_index(proof.record.position - 1);
  AddHashes(proof.hashes, proto);
  ToProto(proof.checkpoint, *proto.mutable_checkpoint());
}

void ToProto(const LogEntry& entry, v1::LogRecord& proto) {
  if (const auto* stored = std::get_if<StoredRecord>(&entry); stored != nullptr) {
    proto.set_position(stored->position);
    proto.set_content(stored->content);
    return;
  }
  const auto& transfer = std::get<TransferRecord>(entry);
  proto.set_position(transfer.position);
  if (transfer.is_committed()) {
    ToProto(transfer, *proto.mutable_transfer());
  } else {
    ToProto(transfer, *proto.mutable_refusal());
  }
}

void ToProto(const ConsistencyProof& proof, v1::ConsistencyProof& proto) {
  ToProto(proof.old_checkpoint, *proto.mutable_old_checkpoint());
  ToProto(proof.new_checkpoint, *proto.mutable_new_checkpoint());
  AddHashes(proof.hashes, proto);
}

}  // namespace joulebook::ledger
