// Checkpoints and proofs to proto.
#pragma once

#include "joulebook/ledger/v1/log.pb.h"
#include "services/ledger/engine/log_proofs.h"
#include "services/ledger/engine/log_reader.h"

namespace joulebook::ledger {

void ToProto(const StoredCheckpoint& checkpoint, v1::Checkpoint& proto);
void ToProto(const TransferProof& proof, v1::TransferProof& proto);
void ToProto(const ConsistencyProof& proof, v1::ConsistencyProof& proto);
void ToProto(const LogEntry& entry, v1::LogRecord& proto);

}  // namespace joulebook::ledger
