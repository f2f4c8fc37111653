#include "services/ledger/domain/parse_transfer.h"

#include <algorithm>

#include "common/time/timestamp.h"
#include "services/ledger/domain/limits.h"

namespace joulebook::ledger {
namespace {

constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kOnceKeyBytes = sizeof(OnceKey);

bool HasTarget(TransferKind kind) {
  return kind != TransferKind::kPost && kind != TransferKind::kReserve;
}

bool MayBackDate(TransferKind kind) {
  return kind == TransferKind::kPost || kind == TransferKind::kReverse;
}

// Absent is fine unless `required`; present must be a UUID.
bool ParseId(std::string_view text, bool required, std::optional<Uuid>& id) {
  if (text.empty()) return !required;
  id = Uuid::Parse(text);
  return id.has_value();
}

ResultCode ParseIdentity(const TransferDraft& draft, TransferRequest& request) {
  const auto id = Uuid::Parse(draft.id);
  if (!id.has_value()) return ResultCode::kIdMalformed;
  if (id->IsNil()) return ResultCode::kIdMustNotBeNil;
  if (id->IsMax()) return ResultCode::kIdMustNotBeMax;
  request.id = *id;
  if (draft.kind < static_cast<int>(TransferKind::kPost) ||
      draft.kind > static_cast<int>(TransferKind::kReverse)) {
    return ResultCode::kKindInvalid;
  }
  request.kind = static_cast<TransferKind>(draft.kind);
  return ResultCode::kOk;
}

ResultCode ParseParties(const TransferDraft& draft, TransferRequest& request) {
  const bool has_target = HasTarget(request.kind);
  if (has_target && !ParseId(draft.target, true, request.target)) {
    return ResultCode::kTargetIdMalformed;
  }
  if (!has_target && !draft.target.empty()) return ResultCode::kTargetIdMustBeEmpty;
  if (!ParseId(draft.debit, !has_target, request.debit)) {
    return ResultCode::kDebitAccountIdMalformed;
  }
  if (!ParseId(draft.credit, !has_target, request.credit)) {
    return ResultCode::kCreditAccountIdMalformed;
  }
  if (request.debit.has_value() && request.debit == request.credit) {
    return ResultCode::kAccountsMustBeDifferent;
  }
  if (!AssetCode::IsValid(draft.asset) && !(has_target && draft.asset.empty())) {
    return ResultCode::kAssetCodeMalformed;
  }
  request.asset = AssetCode(draft.asset);
  return ResultCode::kOk;
}

ResultCode ParseAmount(const TransferDraft& draft, TransferRequest& request) {
  const bool is_release = request.kind == TransferKind::kRelease;
  if (!is_release && draft.amount <= 0) return ResultCode::kAmountMustBePositive;
  if (is_release && draft.amount != 0) return ResultCode::kAmountMustBeZero;
  if (draft.up_to && (HasTarget(request.kind) || !draft.quote_token.empty())) {
    return ResultCode::kUpToNotAllowed;
  }
  if (draft.keep_rest && request.kind != TransferKind::kCharge) {
    return ResultCode::kKeepRestNotAllowed;
  }
  request.amount = draft.amount;
  request.up_to = draft.up_to;
  request.keep_rest = draft.keep_rest;
  request.linked = draft.linked;
  return ResultCode::kOk;
}

ResultCode ParseOperation(const TransferDraft& draft, TransferRequest& request) {
  const int min_operation = HasTarget(request.kind) ? 0 : 1;
  if (draft.operation < min_operation || draft.operation > kMaxOperationType) {
    return ResultCode::kOperationTypeInvalid;
  }
  const int64_t max_ttl = request.kind == TransferKind::kReserve ? kMaxHoldTtlMs : 0;
  if (draft.hold_ttl_ms < 0 || draft.hold_ttl_ms > max_ttl) return ResultCode::kHoldTtlInvalid;
  request.operation = draft.operation;
  request.hold_ttl_ms = draft.hold_ttl_ms;
  return ResultCode::kOk;
}

ResultCode ParseDescription(const TransferDraft& draft, TransferRequest& request) {
  if (!IsValidText(draft.reference, kMaxReferenceBytes)) return ResultCode::kReferenceInvalid;
  if (draft.block_id.size() > kMaxBlockIdBytes) return ResultCode::kBlockIdTooLong;
  if (draft.data_size_bytes < 0) return ResultCode::kDataSizeNegative;
  if (draft.duration_s < 0) return ResultCode::kDurationNegative;
  if (draft.redundancy < 0 || draft.redundancy > kMaxRedundancy) {
    return ResultCode::kRedundancyOutOfRange;
  }
  if (!IsValidMetadata(draft.metadata)) return ResultCode::kMetadataInvalid;
  request.reference = draft.reference;
  request.usage = {std::string(draft.block_id), draft.data_size_bytes, draft.duration_s,
                   draft.redundancy};
  request.metadata = draft.metadata;
  return ResultCode::kOk;
}

ResultCode ParseRest(const TransferDraft& draft, TransferRequest& request) {
  if (draft.effective.has_value()) {
    request.effective = ParseTimestamp(draft.effective->seconds, draft.effective->nanos);
    if (!request.effective.has_value() || !MayBackDate(request.kind)) {
      return ResultCode::kEffectiveTimeInvalid;
    }
  }
  if (!draft.signature.empty() && draft.signature.size() != kSignatureBytes) {
    return ResultCode::kSignatureMalformed;
  }
  const bool may_have_quote = request.kind == TransferKind::kPost ||
                              request.kind == TransferKind::kReserve ||
                              request.kind == TransferKind::kCharge;
  if (!draft.quote_token.empty() &&
      (!may_have_quote || !draft.quote.has_value() || draft.quote_token.size() > kMaxQuoteBytes)) {
    return ResultCode::kQuoteMalformed;
  }
  request.quote = draft.quote_token;
  if (!draft.once_key.empty()) {
    if (HasTarget(request.kind) || draft.once_key.size() != kOnceKeyBytes) {
      return ResultCode::kOnceKeyMalformed;
    }
    std::copy(draft.once_key.begin(), draft.once_key.end(),
              request.once_key.emplace().bytes.begin());
  }
  request.conditions = draft.conditions;
  request.signature = draft.signature;
  return ResultCode::kOk;
}

}  // namespace

bool IsValidText(std::string_view text, std::size_t max_bytes) {
  return text.size() <= max_bytes && text.find('\0') == std::string_view::npos;
}

bool IsValidMetadata(const Metadata& metadata) {
  return metadata.size() <= kMaxMetadataEntries &&
         std::all_of(metadata.begin(), metadata.end(), [](const auto& entry) {
           return !entry.first.empty() && IsValidText(entry.first, kMaxMetadataKeyBytes) &&
                  IsValidText(entry.second, kMaxMetadataValueBytes);
         });
}

ResultCode ParseTransfer(const TransferDraft& draft, TransferRequest& request) {
  TransferRequest parsed;
  for (const auto stage :
       {ParseIdentity, ParseParties, ParseAmount, ParseOperation, ParseDescription, ParseRest}) {
    const ResultCode code = stage(draft, parsed);
    if (code != ResultCode::kOk) return code;
  }
  request = std::move(parsed);
  return ResultCode::kOk;
}

std::vector<TransferItem> ParseBatch(std::span<const TransferDraft> drafts) {
  std::vector<TransferItem> items(drafts.size());
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    items[i].shape = ParseTransfer(drafts[i], items[i].request);
    items[i].request.linked = drafts[i].linked;
    items[i].quote = drafts[i].quote;
    items[i].may_issue = drafts[i].may_issue;
  }
  if (!items.empty() && items.back().request.linked) {
    items.back().shape = ResultCode::kLinkedChainOpen;
  }
  return items;
}

}  // namespace joulebook::ledger
