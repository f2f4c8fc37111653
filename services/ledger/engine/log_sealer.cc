#include "services/ledger/engine/log_sealer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace joulebook::ledger {
namespace {

absl::Status NothingRemembered() {
  return absl::FailedPreconditionError(
      "this replica remembers no checkpoint of a log that has one: run `ledgerd adopt-checkpoint` "
      "if the database is to be believed");
}

}  // namespace

absl::Status LogSealer::Run() {
  absl::Status sealed;
  if (!signers_.empty()) {
    sealed = SealAll();
    if (sealed.ok()) sealed = FollowOthers();
  }
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
    JB_ASSIGN_OR_RETURN(const auto remembered, memory_.Read());
    // Up to what was signed before, however little one seal may take: only there it can be told
    // whether the log continues it.
    const int64_t reach = remembered.has_value() ? static_cast<int64_t>(remembered->size) : 0;
    JB_ASSIGN_OR_RETURN(
        const auto sealed,
        store_.Seal(options_.holder, options_.lease, options_.max_leaves, reach, options_.timeout,
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
  JB_RETURN_IF_ERROR(Extend(log, seal.tiles));
  for (MerkleTile& tile : log.edge.Tiles()) seal.tiles.push_back(std::move(tile));
  const LogCheckpoint checkpoint{signers_.front().verifier().name(), log.edge.size(),
                                 log.edge.Root()};
  seal.checkpoint.size = static_cast<int64_t>(checkpoint.size);
  seal.checkpoint.root = checkpoint.root;
  seal.checkpoint.sealed = clock_.Now();
  seal.checkpoint.note = SignNote(FormatCheckpoint(checkpoint), signers_);
  seal.checkpoint.chain_hash = ChainHash(log.last, seal.checkpoint);
  // Before anybody can see it. If it is not written then, the next seal signs what continues it.
  JB_RETURN_IF_ERROR(memory_.Write(seal.checkpoint.note));
  return seal;
}

absl::Status LogSealer::Extend(UnsealedLog& log, std::vector<MerkleTile>& full) {
  // Not what SealAll read: the transaction may be at its second attempt, and the first one signed.
  JB_ASSIGN_OR_RETURN(const auto remembered, memory_.Read());
  if (!remembered.has_value() && log.last.has_value()) return Refused(NothingRemembered());
  const uint64_t known = remembered.has_value() ? remembered->size : 0;
  // The remembered log may be larger than the one in the database: it was signed and not written.
  bool is_continued = known == 0;
  if (known != 0 && known <= log.edge.size()) {
    const absl::Status continues = CheckContinues(*remembered, log.edge.size(), log.edge.Root(),
                                                  RangeRootFromTiles(log.read_tile));
    if (!continues.ok()) return Refused(continues);
    is_continued = true;
  }
  for (const Sha256Digest& leaf : log.leaves) {
    log.edge.Append(leaf, full);
    if (!is_continued && log.edge.size() == known) {
      if (log.edge.Root() != remembered->root) break;
      is_continued = true;
    }
  }
  if (is_continued) return absl::OkStatus();
  return Refused(absl::FailedPreconditionError(
      absl::StrCat("the records of the book are not those of the log of ", known,
                   " records that this replica signed")));
}

absl::Status LogSealer::FollowOthers() {
  JB_ASSIGN_OR_RETURN(const auto newest, store_.FindCheckpoint(0, options_.timeout));
  if (!newest.has_value()) return absl::OkStatus();
  JB_ASSIGN_OR_RETURN(const auto remembered, memory_.Read());
  if (!remembered.has_value()) return Refused(NothingRemembered());
  if (static_cast<uint64_t>(newest->size) <= remembered->size) return absl::OkStatus();
  const absl::Status continues = store_.ReadSnapshot(options_.timeout, [&](BookSnapshot& snapshot) {
    return CheckContinues(
        *remembered, static_cast<uint64_t>(newest->size), newest->root,
        RangeRootFromTiles([&](int level, uint64_t index) { return snapshot.Tile(level, index); }));
  });
  if (continues.code() == absl::StatusCode::kFailedPrecondition) return Refused(continues);
  JB_RETURN_IF_ERROR(continues);
  return memory_.Write(newest->note);
}

absl::Status LogSealer::Adopt() {
  JB_ASSIGN_OR_RETURN(const auto remembered, memory_.Read());
  if (remembered.has_value()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "a log of ", remembered->size, " records is remembered: remove the file to forget it"));
  }
  JB_ASSIGN_OR_RETURN(const auto newest, store_.FindCheckpoint(0, options_.timeout));
  if (!newest.has_value()) return absl::FailedPreconditionError("the log has no checkpoint yet");
  const auto text = OpenNote(newest->note, VerifiersOf(signers_));
  if (!text.ok()) {
    return absl::FailedPreconditionError("no key of log-keys signed the newest checkpoint");
  }
  return memory_.Write(newest->note);
}

absl::Status LogSealer::Refused(absl::Status reason) {
  metrics_.seal_refusals.Increment();
  return reason;
}

}  // namespace joulebook::ledger
