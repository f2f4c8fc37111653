#include "tools/verify/verify.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/crypto/merkle.h"
#include "services/ledger/domain/canonical.h"
#include "services/ledger/rpc/convert_transfer.h"
#include "tools/verify/parse.h"

namespace joulebook::verify {
namespace {

template <typename Proto>
absl::StatusOr<std::vector<Sha256Digest>> ParseHashes(const Proto& proto) {
  std::vector<Sha256Digest> hashes;
  for (const std::string& bytes : proto.hashes()) {
    JB_ASSIGN_OR_RETURN(const Sha256Digest hash, ParseHash(bytes));
    hashes.push_back(hash);
  }
  return hashes;
}

const ledger::Balances* BalancesOf(const ledger::TransferRecord& record, const Uuid& account) {
  if (record.debit == account) return &record.debit_after;
  return record.credit == account ? &record.credit_after : nullptr;
}

}  // namespace

absl::Status ParseJson(std::string_view json, google::protobuf::Message& message) {
  const auto parsed = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), &message);
  if (parsed.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("not a ", message.GetTypeName(), ": ", std::string(parsed.message())));
}

absl::StatusOr<LogCheckpoint> OpenCheckpoint(const ledger::v1::Checkpoint& proto, Keys keys) {
  JB_ASSIGN_OR_RETURN(const std::string text, OpenNote(proto.note(), keys));
  JB_ASSIGN_OR_RETURN(LogCheckpoint checkpoint, ParseCheckpoint(text));
  const bool is_known = std::any_of(keys.begin(), keys.end(), [&](const NoteVerifier& key) {
    return key.name() == checkpoint.origin;
  });
  if (!is_known) {
    return absl::UnauthenticatedError(
        absl::StrCat("the checkpoint is of another log, ", checkpoint.origin));
  }
  if (static_cast<uint64_t>(proto.tree_size()) != checkpoint.size ||
      proto.root_hash() != std::string(AsBytes(checkpoint.root))) {
    return absl::DataLossError("the checkpoint's fields are not those of its signed note");
  }
  return checkpoint;
}

absl::StatusOr<Sha256Digest> ParseHash(std::string_view bytes) {
  Sha256Digest hash{};
  if (bytes.size() != hash.size()) return absl::InvalidArgumentError("a hash has 32 bytes");
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

absl::StatusOr<ProvenTransfer> Prove(const ledger::v1::TransferProof& proof, Keys keys) {
  ProvenTransfer proven;
  JB_ASSIGN_OR_RETURN(proven.checkpoint, OpenCheckpoint(proof.checkpoint(), keys));
  JB_ASSIGN_OR_RETURN(proven.record, ledger::FromProto(proof.transfer()));
  JB_ASSIGN_OR_RETURN(const auto hashes, ParseHashes(proof));
  const auto index = static_cast<uint64_t>(proven.record.position - 1);
  const Sha256Digest leaf = MerkleLeafHash(ledger::CanonicalBytes(proven.record));
  if (proof.leaf_index() != proven.record.position - 1 ||
      !VerifyMerkleInclusion(leaf, index, proven.checkpoint.size, hashes, proven.checkpoint.root)) {
    return absl::DataLossError(absl::StrCat("transfer ", proven.record.request.id.ToString(),
                                            " at position ", proven.record.position,
                                            " is not in the signed log as it stands here"));
  }
  return proven;
}

absl::StatusOr<std::string> VerifyTransferProof(std::string_view json, Keys keys) {
  ledger::v1::TransferProof proof;
  JB_RETURN_IF_ERROR(ParseJson(json, proof));
  JB_ASSIGN_OR_RETURN(const ProvenTransfer proven, Prove(proof, keys));
  return absl::StrCat("transfer ", proven.record.request.id.ToString(), " is entry ",
                      proven.record.position, " of the ", proven.checkpoint.size, " that ",
                      proven.checkpoint.origin, " signed");
}

absl::StatusOr<std::string> VerifyConsistencyProof(std::string_view json, Keys keys) {
  ledger::v1::ConsistencyProof proof;
  JB_RETURN_IF_ERROR(ParseJson(json, proof));
  JB_ASSIGN_OR_RETURN(const LogCheckpoint before, OpenCheckpoint(proof.old_checkpoint(), keys));
  JB_ASSIGN_OR_RETURN(const LogCheckpoint after, OpenCheckpoint(proof.new_checkpoint(), keys));
  JB_ASSIGN_OR_RETURN(const auto hashes, ParseHashes(proof));
  if (before.origin != after.origin ||
      !VerifyMerkleConsistency(before.size, before.root, after.size, after.root, hashes)) {
    return absl::DataLossError(absl::StrCat("the log of ", after.size,
                                            " entries does not begin with that of ", before.size));
  }
  return absl::StrCat("the first ", before.size, " of the ", after.size, " entries that ",
                      after.origin, " signed are those it signed before");
}

absl::StatusOr<std::string> VerifyStatement(std::string_view json, Keys keys) {
  ledger::v1::StatementExport statement;
  JB_RETURN_IF_ERROR(ParseJson(json, statement));
  const auto account = Uuid::Parse(statement.account_id());
  if (!account.has_value()) return absl::InvalidArgumentError("account_id: no UUID");
  ledger::Balances balances;
  std::string signed_by;
  for (const auto& line : statement.lines()) {
    JB_ASSIGN_OR_RETURN(const ProvenTransfer proven, Prove(line, keys));
    const ledger::Balances* after = BalancesOf(proven.record, *account);
    if (after == nullptr) {
      return absl::DataLossError(absl::StrCat("the transfer at position ", proven.record.position,
                                              " is not of account ", account->ToString()));
    }
    if (after->version != balances.version + 1) {
      return absl::DataLossError(
          absl::StrCat("change ", balances.version + 1, " of the account is missing: position ",
                       proven.record.position, " is its change ", after->version));
    }
    balances = *after;
    signed_by = proven.checkpoint.origin;
  }
  if (statement.lines().empty()) return absl::InvalidArgumentError("the statement has no lines");
  return absl::StrCat("all ", balances.version, " changes of account ", account->ToString(),
                      " are in the log that ", signed_by, " signed; posted ", balances.posted,
                      ", reserved ", balances.reserved, " minor units");
}

}  // namespace joulebook::verify
