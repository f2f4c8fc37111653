#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/crypto/merkle_tiles.h"
#include "services/ledger/domain/audit.h"
#include "services/ledger/domain/canonical.h"
#include "services/ledger/rpc/convert_transfer.h"
#include "tools/verify/parse.h"

namespace joulebook::verify {
namespace {

// The transfers of an exported log, one after the other.
class LogVerifier {
 public:
  absl::Status Add(std::string_view line) {
    const std::string place = absl::StrCat("record ", edge_.size() + 1, ": ");
    ledger::v1::Transfer proto;
    JB_RETURN_IF_ERROR(ParseJson(line, proto));
    const auto transfer = ledger::FromProto(proto);
    if (!transfer.ok()) {
      return absl::DataLossError(absl::StrCat(place, std::string(transfer.status().message())));
    }
    const Sha256Digest leaf_hash = MerkleLeafHash(ledger::CanonicalBytes(*transfer));
    if (!transfer->leaf_hash.empty() && transfer->leaf_hash != AsBytes(leaf_hash)) {
      return absl::DataLossError(absl::StrCat(place, "transfer ", transfer->request.id.ToString(),
                                              " at position ", transfer->position,
                                              " is not the one that was committed (leaf hash)"));
    }
    if (const auto difference = audit_.Add(*transfer); difference.has_value()) {
      return absl::DataLossError(absl::StrCat(place, *difference));
    }
    edge_.Append(leaf_hash, full_);
    full_.clear();
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Finish(const LogCheckpoint& checkpoint) const {
    if (edge_.size() != checkpoint.size) {
      return absl::DataLossError(absl::StrCat("the log has ", edge_.size(), " records and ",
                                              checkpoint.size, " were signed"));
    }
    if (edge_.Root() != checkpoint.root) {
      return absl::DataLossError(
          "the records agree with one another, but are not those that were signed");
    }
    if (const auto difference = audit_.CheckSums(); difference.has_value()) {
      return absl::DataLossError(*difference);
    }
    return absl::StrCat("all ", checkpoint.size, " transfers are those that ", checkpoint.origin,
                        " signed, every balance follows from them, and every asset sums to zero");
  }

 private:
  MerkleTileEdge edge_;
  std::vector<MerkleTile> full_;
  ledger::BookAudit audit_;
};

}  // namespace

absl::StatusOr<std::string> VerifyLog(std::istream& lines, Keys keys) {
  std::string line;
  std::getline(lines, line);
  ledger::v1::LogExportHeader header;
  JB_RETURN_IF_ERROR(ParseJson(line, header));
  JB_ASSIGN_OR_RETURN(const LogCheckpoint checkpoint, OpenCheckpoint(header.checkpoint(), keys));
  LogVerifier verifier;
  while (std::getline(lines, line)) {
    if (!line.empty()) JB_RETURN_IF_ERROR(verifier.Add(line));
  }
  return verifier.Finish(checkpoint);
}

}  // namespace joulebook::verify
