#include "services/ledger/store/log_store.h"

#include "services/ledger/domain/canonical_io.h"

namespace joulebook::ledger {

std::string ChainHash(const std::optional<StoredCheckpoint>& last,
                      const StoredCheckpoint& checkpoint) {
  std::string bytes = last.has_value() ? last->chain_hash : "";
  CanonicalWriter size, time;
  size.Int64(checkpoint.size);
  time.Instant(checkpoint.sealed);
  bytes += size.Take();
  bytes += AsBytes(checkpoint.root);
  bytes += time.Take();
  bytes += checkpoint.note;
  return std::string(AsBytes(Sha256(bytes)));
}

}  // namespace joulebook::ledger
