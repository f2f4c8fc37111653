// Checks what a ledger handed out, with nothing but the text and the operator's public keys. All
// text is JSON of the messages in joulebook/ledger/v1/log.proto.
//
// Each function gives what was proven, for people. Errors: INVALID_ARGUMENT for text that is no
// such message, UNAUTHENTICATED when no known key signed the checkpoint, DATA_LOSS with the record
// that is wrong.
#pragma once

#include <istream>
#include <span>
#include <string>
#include <string_view>

#include "common/crypto/note.h"

namespace joulebook::verify {

using Keys = std::span<const NoteVerifier>;

// A TransferProof: the transfer is in the log of its checkpoint.
absl::StatusOr<std::string> VerifyTransferProof(std::string_view json, Keys keys);

// A ConsistencyProof: the newer log only added to the older one.
absl::StatusOr<std::string> VerifyConsistencyProof(std::string_view json, Keys keys);

// A StatementExport: every line is in the log, and none is missing from the account's first
// transfer to the last line.
absl::StatusOr<std::string> VerifyStatement(std::string_view json, Keys keys);

// A whole log, line by line: a LogExportHeader, then a LogRecord for each position. The records are
// exactly those that were signed, and every balance and reputation after each follows from them.
absl::StatusOr<std::string> VerifyLog(std::istream& lines, Keys keys);

// A ChargeProof: the charge and its reservation are in the log; the quote was signed by one of
// `quote_keys`, priced with exactly this tariff, and its price follows from it step by step;
// exactly that was charged, for what was priced.
absl::StatusOr<std::string> VerifyCharge(std::string_view json, Keys keys, Keys quote_keys);

}  // namespace joulebook::verify
