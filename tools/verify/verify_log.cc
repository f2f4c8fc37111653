#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/crypto/merkle_tiles.h"
#include "services/ledger/domain/audit.h"
#include "services/ledger/domain/canonical.h"
#include "services/ledger/rpc/convert_transfer.h"
#include "tools/verify/parse.h"

namespace joulebook::verify {
namespace {

// The content of one line of an exported log.
struct Leaf {
  std::string bytes;
  ledger::Difference difference;  // with what the records before it lead to
};

// The records of an exported log, one after the other.
class LogVerifier {
 public:
  absl::Status Add(std::string_view line) {
    const std::string place = absl::StrCat("record ", edge_.size() + 1, ": ");
    ledger::v1::LogRecord proto;
    JB_RETURN_IF_ERROR(ParseJson(line, proto));
    const auto leaf = Read(proto);
    if (!leaf.ok()) {
      return absl::DataLossError(absl::StrCat(place, std::string(leaf.status().message())));
    }
    if (leaf->difference.has_value()) {
      return absl::DataLossError(absl::StrCat(place, *leaf->difference));
    }
    edge_.Append(MerkleLeafHash(leaf->bytes), full_);
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
    return absl::StrCat("all ", checkpoint.size, " records are those that ", checkpoint.origin,
                        " signed, every balance follows from them, and every asset sums to zero");
  }

 private:
  absl::StatusOr<Leaf> Read(const ledger::v1::LogRecord& proto) {
    if (proto.has_transfer()) return ReadTransfer(proto.transfer());
    if (proto.has_refusal()) {
      JB_ASSIGN_OR_RETURN(ledger::TransferRecord refusal, ledger::FromProto(proto.refusal()));
      refusal.position = proto.position();
      return Leaf{ledger::CanonicalBytes(refusal), audit_.Add(refusal)};
    }
    JB_ASSIGN_OR_RETURN(const ledger::BookRecord record, ledger::ParseRecord(proto.content()));
    return Leaf{proto.content(), audit_.Add(record)};
  }

  absl::StatusOr<Leaf> ReadTransfer(const ledger::v1::Transfer& proto) {
    JB_ASSIGN_OR_RETURN(const ledger::TransferRecord transfer, ledger::FromProto(proto));
    std::string bytes = ledger::CanonicalBytes(transfer);
    if (!transfer.leaf_hash.empty() && transfer.leaf_hash != AsBytes(MerkleLeafHash(bytes))) {
      return absl::DataLossError(absl::StrCat("transfer ", transfer.request.id.ToString(),
                                              " at position ", transfer.position,
                                              " is not the one that was committed (leaf hash)"));
    }
    return Leaf{std::move(bytes), audit_.Add(transfer)};
  }

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
