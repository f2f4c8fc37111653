#include "services/ledger/domain/once_key.h"

namespace joulebook::ledger {

OnceUse UseOfOnceKey(const TransferRequest& request) {
  return {.holder = {.id = *request.once_key,
                     .transfer = request.id,
                     .is_done = request.kind == TransferKind::kPost},
          .debit = *request.debit,
          .credit = *request.credit,
          .asset = request.asset,
          .amount = request.amount,
          .operation = request.operation};
}

ResultCode CompareWithUse(const OnceUse& use, const TransferRequest& request) {
  if (use.debit != request.debit) return ResultCode::kOnceWithDifferentDebitAccount;
  if (use.credit != request.credit) return ResultCode::kOnceWithDifferentCreditAccount;
  if (use.asset != request.asset) return ResultCode::kOnceWithDifferentAsset;
  if (use.amount != request.amount) return ResultCode::kOnceWithDifferentAmount;
  if (use.operation != request.operation) return ResultCode::kOnceWithDifferentOperationType;
  return use.holder.is_done ? ResultCode::kOnceDone : ResultCode::kOnceReserved;
}

bool IsOnceRefusal(ResultCode code) {
  return code >= ResultCode::kOnceWithDifferentDebitAccount && code <= ResultCode::kOnceReserved;
}

}  // namespace joulebook::ledger
