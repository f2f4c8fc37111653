// The rules of transfers.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "services/ledger/domain/book.h"
#include "services/ledger/domain/parse_transfer.h"

namespace joulebook::ledger {

// The answer to one item.
struct TransferOutcome {
  ResultCode code = ResultCode::kOk;
  int64_t position = 0;
  Time recorded;  // the epoch where nothing is recorded
  int64_t moved = 0;
  Balances debit_after;
  Balances credit_after;
  // Who has the once key that the item was refused for; position and moved are then that one's.
  std::optional<Uuid> done_by = std::nullopt;

  bool is_committed() const { return code == ResultCode::kOk || code == ResultCode::kExists; }
  bool operator==(const TransferOutcome&) const = default;
};

// Whether `signature` is that of `public_key` over `message`.
using SignatureVerifier = std::function<bool(std::string_view public_key, std::string_view message,
                                             std::string_view signature)>;

// How many of the items, from the first on, are one chain; `items` is not empty.
std::size_t ChainLength(std::span<const TransferItem> items);
// Whether an item of the chain has a wrong shape. Such a chain records nothing.
bool IsMalformed(std::span<const TransferItem> chain);

// Decides the items in order, chain by chain; one outcome per item. Items whose request was decided
// before get the recorded answer. A new decision is added to `changes` and applied to `view`.
std::vector<TransferOutcome> DecideTransfers(std::span<const TransferItem> items,
                                             const SignatureVerifier& verify, BookView& view,
                                             Changes& changes);

// Releases every loaded hold whose time is up at view.now, in order of expiry and id. `next_id`
// gives the id of each EXPIRE transfer. Returns how many; ABORTED when a hold is more than its
// accounts have reserved and pending, see ViewContradictsItself.
absl::StatusOr<int> DecideExpiry(const std::function<Uuid()>& next_id, BookView& view,
                                 Changes& changes);

}  // namespace joulebook::ledger
