#include "services/ledger/engine/log_sealer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace joulebook::ledger {

absl::Status LogSealer::Run() {
  const absl::Status sealed = signers_.empty() ? absl::OkStatus() : SealAll();
  if (!sealed.ok()) metrics_.seal_failures.Increment();
  const auto oldest = store_.OldestUnsealed(options_.timeout);
  if (oldest.ok()) {
    const Duration lag = oldest->has_value() ? clock_.Now() - **oldest : Duration(0);
    metrics_.sealing_lag_seconds.Set(std::max(0.0, std::chrono::duration<double>(lag).count()));
  }
  return sealed.ok() ? oldest.status() : sealed;
}

absl::Status LogSealer::SealAll() {
  for (;;) {
    JB_ASSIGN_OR_RETURN(
        const auto sealed,
        store_.Seal(options_.holder, options_.lease, options_.max_leaves, options_.timeout,
                    [this](UnsealedLog log) { return MakeSeal(std::move(log)); }));
    if (!sealed.has_value() || *sealed == 0) return absl::OkStatus();
    metrics_.transfers_sealed.Increment(static_cast<double>(*sealed));
    if (*sealed < options_.max_leaves) return absl::OkStatus();
  }
}

absl::Status LogSealer::CheckOrigin(const std::string& last_note) const {
  JB_ASSIGN_OR_RETURN(const LogCheckpoint last, ParseCheckpoint(NoteText(last_note)));
  const std::string& name = signers_.front().verifier().name();
  if (last.origin == name) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the log's origin is ", last.origin, ", but the first key of log-keys is named ", name));
}

absl::StatusOr<NewSeal> LogSealer::MakeSeal(UnsealedLog log) {
  if (log.last.has_value()) JB_RETURN_IF_ERROR(CheckOrigin(log.last->note));
  NewSeal seal;
  for (const Sha256Digest& leaf : log.leaves) log.edge.Append(leaf, seal.tiles);
  for (MerkleTile& tile : log.edge.Tiles()) seal.tiles.push_back(std::move(tile));
  const LogCheckpoint checkpoint{signers_.front().verifier().name(), log.edge.size(),
                                 log.edge.Root()};
  seal.checkpoint.size = static_cast<int64_t>(checkpoint.size);
  seal.checkpoint.root = checkpoint.root;
  seal.checkpoint.sealed = clock_.Now();
  seal.checkpoint.note = SignNote(FormatCheckpoint(checkpoint), signers_);
  seal.checkpoint.chain_hash = ChainHash(log.last, seal.checkpoint);
  return seal;
}

}  // namespace joulebook::ledger
