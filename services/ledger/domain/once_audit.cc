#include "services/ledger/domain/once_audit.h"

#include "absl/strings/str_cat.h"

namespace joulebook::ledger {

Difference OnceAudit::Add(const TransferRecord& record) {
  const TransferRequest& request = record.request;
  if (request.once_key.has_value()) {
    const bool is_post = request.kind == TransferKind::kPost;
    const auto [key, is_free] = keys_.try_emplace(*request.once_key);
    if (!is_free) {
      return absl::StrCat("transfer ", key->second.transfer.ToString(), " has its once key");
    }
    key->second = {.transfer = request.id, .is_done = is_post};
    if (!is_post) holds_[request.id].key = *request.once_key;
    return std::nullopt;
  }
  if (!request.target.has_value() || request.kind == TransferKind::kReverse) return std::nullopt;
  const auto hold = holds_.find(*request.target);
  if (hold == holds_.end() || !hold->second.is_untouched) return std::nullopt;
  hold->second.is_untouched = false;
  if (request.kind == TransferKind::kCharge) {
    keys_[hold->second.key] = {.transfer = request.id, .is_done = true};
  } else {
    keys_.erase(hold->second.key);
  }
  return std::nullopt;
}

Difference OnceAudit::CheckStored(const OnceKeyHolder& stored) {
  const std::string name = absl::StrCat("once key ", stored.id.ToString(), ": ");
  const auto derived = keys_.find(stored.id);
  if (derived == keys_.end()) return absl::StrCat(name, "no transfer has it");
  derived->second.is_stored = true;
  if (derived->second.transfer != stored.transfer) {
    return absl::StrCat(name, "transfer ", derived->second.transfer.ToString(), " has it, not ",
                        stored.transfer.ToString());
  }
  if (derived->second.is_done == stored.is_done) return std::nullopt;
  return absl::StrCat(name, "its effect ", stored.is_done ? "has not been made" : "has been made");
}

Difference OnceAudit::CheckComplete() const {
  for (const auto& [key, derived] : keys_) {
    if (!derived.is_stored) return absl::StrCat("once key ", key.ToString(), " is missing");
  }
  return std::nullopt;
}

}  // namespace joulebook::ledger
