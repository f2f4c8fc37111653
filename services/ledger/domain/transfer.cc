#include "services/ledger/domain/transfer.h"

#include "services/ledger/domain/limits.h"

namespace joulebook::ledger {

TransferRecord RefusalOf(const TransferRequest& request, ResultCode result, int64_t position,
                         Time recorded) {
  TransferRecord record;
  record.request = request;
  record.result = result;
  record.position = position;
  record.recorded = recorded;
  record.debit = request.debit.value_or(Uuid::Nil());
  record.credit = request.credit.value_or(Uuid::Nil());
  record.asset = request.asset;
  record.operation = request.operation;
  return record;
}

Hold HoldOf(const TransferRecord& reserve) {
  const int64_t ttl_ms =
      reserve.request.hold_ttl_ms == 0 ? kDefaultHoldTtlMs : reserve.request.hold_ttl_ms;
  Hold hold;
  hold.id = reserve.request.id;
  hold.debit = reserve.debit;
  hold.credit = reserve.credit;
  hold.asset = reserve.asset;
  hold.operation = reserve.operation;
  hold.amount = reserve.moved;
  hold.remaining = reserve.moved;
  hold.expires = reserve.recorded + std::chrono::milliseconds(ttl_ms);
  hold.quote_id = reserve.quote_id;
  hold.tariff_hash = reserve.tariff_hash;
  hold.once_key = reserve.request.once_key;
  return hold;
}

}  // namespace joulebook::ledger
