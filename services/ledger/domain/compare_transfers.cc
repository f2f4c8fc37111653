#include "services/ledger/domain/compare_transfers.h"

#include <utility>

namespace joulebook::ledger {

ResultCode CompareContent(const TransferRequest& first, const TransferRequest& repeated) {
  const TransferRequest& a = first;
  const TransferRequest& b = repeated;
  const std::pair<bool, ResultCode> comparisons[] = {
      {a.kind == b.kind, ResultCode::kExistsWithDifferentKind},
      {a.target == b.target, ResultCode::kExistsWithDifferentTarget},
      {a.debit == b.debit, ResultCode::kExistsWithDifferentDebitAccount},
      {a.credit == b.credit, ResultCode::kExistsWithDifferentCreditAccount},
      {a.asset == b.asset, ResultCode::kExistsWithDifferentAsset},
      {a.amount == b.amount, ResultCode::kExistsWithDifferentAmount},
      {a.up_to == b.up_to && a.keep_rest == b.keep_rest && a.linked == b.linked,
       ResultCode::kExistsWithDifferentFlags},
      {a.operation == b.operation, ResultCode::kExistsWithDifferentOperationType},
      {a.hold_ttl_ms == b.hold_ttl_ms, ResultCode::kExistsWithDifferentHoldTtl},
      {a.reference == b.reference, ResultCode::kExistsWithDifferentReference},
      {a.usage.block_id == b.usage.block_id, ResultCode::kExistsWithDifferentBlockId},
      {a.usage.data_size_bytes == b.usage.data_size_bytes,
       ResultCode::kExistsWithDifferentDataSize},
      {a.usage.duration_s == b.usage.duration_s, ResultCode::kExistsWithDifferentDuration},
      {a.usage.redundancy == b.usage.redundancy, ResultCode::kExistsWithDifferentRedundancy},
      {a.metadata == b.metadata, ResultCode::kExistsWithDifferentMetadata},
      {a.effective == b.effective, ResultCode::kExistsWithDifferentEffectiveTime},
      {a.conditions == b.conditions, ResultCode::kExistsWithDifferentConditions},
      {a.signature == b.signature, ResultCode::kExistsWithDifferentSignature},
      {a.quote == b.quote, ResultCode::kExistsWithDifferentQuote},
      {a.once_key == b.once_key, ResultCode::kExistsWithDifferentOnceKey},
  };
  for (const auto& [same, code] : comparisons) {
    if (!same) return code;
  }
  return ResultCode::kExists;
}

}  // namespace joulebook::ledger
