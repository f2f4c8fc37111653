// The values that quoted holds keep of their quotes, derived anew from the reservations.
#pragma once

#include <functional>

#include "absl/container/flat_hash_map.h"
#include "services/ledger/domain/difference.h"
#include "services/ledger/domain/transfer.h"

namespace joulebook::ledger {

// The use that a serialized joulebook.type.v1.SignedQuote priced; nothing if it is none.
using ReadPricedUse = std::function<std::optional<PricedUse>(const std::string& quote)>;

class QuoteAudit {
 public:
  explicit QuoteAudit(ReadPricedUse read) : read_(std::move(read)) {}

  // The next committed transfer.
  Difference Add(const TransferRecord& record);
  // Whether the stored hold keeps what was priced.
  Difference CheckHold(const Hold& hold) const;

 private:
  const ReadPricedUse read_;
  absl::flat_hash_map<Uuid, PricedUse> holds_;  // those with a quote
};

}  // namespace joulebook::ledger
