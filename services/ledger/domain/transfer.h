// Transfers: requests, results, records and holds. Meaning and limits of each field are those of
// joulebook/ledger/v1/transfer.proto; the numbers of the enums are the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/ids/uuid.h"
#include "common/money/asset.h"
#include "common/time/clock.h"
#include "services/ledger/domain/account.h"

namespace joulebook::ledger {

enum class TransferKind {
  kPost = 1,
  kReserve = 2,
  kCharge = 3,
  kRelease = 4,
  kReverse = 5,
  kExpire = 6,
};

// See TransferResultCode in the proto for what each means and which comes first.
enum class ResultCode {
  kOk = 1,
  kLinkedChainOpen = 2,
  kIdMalformed = 3,
  kIdMustNotBeNil = 4,
  kIdMustNotBeMax = 5,
  kKindInvalid = 6,
  kTargetIdMalformed = 7,
  kTargetIdMustBeEmpty = 8,
  kDebitAccountIdMalformed = 9,
  kCreditAccountIdMalformed = 10,
  kAccountsMustBeDifferent = 11,
  kAssetCodeMalformed = 12,
  kAmountMustBePositive = 13,
  kAmountMustBeZero = 14,
  kUpToNotAllowed = 15,
  kKeepRestNotAllowed = 16,
  kOperationTypeInvalid = 17,
  kHoldTtlInvalid = 18,
  kReferenceInvalid = 19,
  kBlockIdTooLong = 20,
  kDataSizeNegative = 21,
  kDurationNegative = 22,
  kRedundancyOutOfRange = 23,
  kMetadataInvalid = 24,
  kEffectiveTimeInvalid = 25,
  kSignatureMalformed = 26,
  kExists = 27,
  kExistsWithDifferentKind = 28,
  kExistsWithDifferentTarget = 29,
  kExistsWithDifferentDebitAccount = 30,
  kExistsWithDifferentCreditAccount = 31,
  kExistsWithDifferentAsset = 32,
  kExistsWithDifferentAmount = 33,
  kExistsWithDifferentFlags = 34,
  kExistsWithDifferentOperationType = 35,
  kExistsWithDifferentHoldTtl = 36,
  kExistsWithDifferentReference = 37,
  kExistsWithDifferentBlockId = 38,
  kExistsWithDifferentDataSize = 39,
  kExistsWithDifferentDuration = 40,
  kExistsWithDifferentRedundancy = 41,
  kExistsWithDifferentMetadata = 42,
  kExistsWithDifferentEffectiveTime = 43,
  kExistsWithDifferentConditions = 44,
  kExistsWithDifferentSignature = 45,
  kLinkedEventFailed = 46,
  kHoldNotFound = 47,
  kHoldAlreadyCharged = 48,
  kHoldAlreadyReleased = 49,
  kHoldExpired = 50,
  kTransferNotFound = 51,
  kTransferNotReversible = 52,
  kTargetHasDifferentDebitAccount = 53,
  kTargetHasDifferentCreditAccount = 54,
  kTargetHasDifferentOperationType = 55,
  kDebitAccountNotFound = 56,
  kCreditAccountNotFound = 57,
  kAccountsHaveDifferentAssets = 58,
  kAssetDiffersFromAccounts = 59,
  kDebitAccountClosed = 60,
  kCreditAccountClosed = 61,
  kDebitAccountFrozen = 62,
  kCreditAccountFrozen = 63,
  kSignatureRequired = 64,
  kSignatureInvalid = 65,
  kConditionDebitAvailableNotMet = 66,
  kConditionDebitVersionNotMet = 67,
  kConditionCreditVersionNotMet = 68,
  kExceedsHold = 69,
  kExceedsReversible = 70,
  kExceedsAvailable = 71,
  kExceedsUpperLimit = 72,
  kBalanceOverflows = 73,
  kQuoteMalformed = 74,
  kExistsWithDifferentQuote = 75,
  kQuoteNotSigned = 76,
  kQuoteExpired = 77,
  kQuoteHasDifferentPayer = 78,
  kQuoteHasDifferentOperation = 79,
  kQuoteHasDifferentAsset = 80,
  kQuoteNotOfThisHold = 81,
  kQuoteReputationTooHigh = 82,
  kQuoteUsedUp = 83,
  kExceedsQuote = 84,
  kQuoteNotYetValid = 85,
  kOnceKeyMalformed = 86,
  kExistsWithDifferentOnceKey = 87,
  kOnceWithDifferentDebitAccount = 88,
  kOnceWithDifferentCreditAccount = 89,
  kOnceWithDifferentAsset = 90,
  kOnceWithDifferentAmount = 91,
  kOnceWithDifferentOperationType = 92,
  kOnceDone = 93,
  kOnceReserved = 94,
  kQuoteHasDifferentPayee = 95,
  kQuoteHasDifferentDataSize = 96,
  kQuoteHasDifferentDuration = 97,
  kQuoteHasDifferentRedundancy = 98,
  kQuoteNeedsSettlement = 99,
  kQuoteOutOfOrder = 100,
  kQuoteKeepsNoRest = 101,
  kBelowQuote = 102,
  kIssuerRoleRequired = 103,
};

inline constexpr int kMaxResultCode = 103;

// The name of an effect that is to be made once: any 16 bytes.
using OnceKey = Uuid;

// The subject of the metered operation; carried, never interpreted.
struct UsageDetails {
  std::string block_id;
  int64_t data_size_bytes = 0;
  int64_t duration_s = 0;
  int32_t redundancy = 0;

  bool operator==(const UsageDetails&) const = default;
};

struct Conditions {
  std::optional<int64_t> debit_available_at_least;
  std::optional<int64_t> debit_version;
  std::optional<int64_t> credit_version;

  bool operator==(const Conditions&) const = default;
};

// A well-formed request: what ParseTransfer let through.
struct TransferRequest {
  Uuid id;
  TransferKind kind = TransferKind::kPost;
  std::optional<Uuid> target;
  std::optional<Uuid> debit;
  std::optional<Uuid> credit;
  AssetCode asset;  // empty: not given
  int64_t amount = 0;
  bool up_to = false;
  bool keep_rest = false;
  bool linked = false;
  int operation = 0;  // 0: not given
  int64_t hold_ttl_ms = 0;
  std::string reference;
  UsageDetails usage;
  Metadata metadata;
  std::optional<Time> effective;
  Conditions conditions;
  std::string signature;
  std::string quote;  // a serialized joulebook.type.v1.SignedQuote, or empty
  std::optional<OnceKey> once_key;

  bool operator==(const TransferRequest&) const = default;
};

// The outcome of a request: a committed transfer, or a recorded refusal.
struct TransferRecord {
  TransferRequest request;
  ResultCode result = ResultCode::kOk;  // anything but kOk: refused
  int64_t position = 0;                 // in the log, from 1
  Time recorded;
  // Resolved from the target where the request left them out; of a refusal, as the request has
  // them.
  Uuid debit;
  Uuid credit;
  AssetCode asset;
  int operation = 0;
  int64_t moved = 0;
  Balances debit_after;
  Balances credit_after;
  // From the request's own quote, else from the one that its hold was made with.
  std::optional<Uuid> quote_id;
  std::string tariff_hash;
  // The hash of its leaf in the log as stored with it; empty before that.
  std::string leaf_hash;

  bool is_committed() const { return result == ResultCode::kOk; }
  Time effective() const { return request.effective.value_or(recorded); }
  // Whether it holds no amount that no rule could have given it.
  bool IsPossible() const {
    return request.amount >= 0 && moved >= 0 && debit_after.IsPossible() &&
           credit_after.IsPossible();
  }
  bool operator==(const TransferRecord&) const = default;
};

// The record of a refusal: it moves nothing, and resolves nothing that the request leaves out.
TransferRecord RefusalOf(const TransferRequest& request, ResultCode result, int64_t position,
                         Time recorded);

enum class HoldState { kOpen = 1, kCharged = 2, kReleased = 3, kExpired = 4 };

// The use that a quote priced, as far as transfers record it.
struct PricedUse {
  int64_t data_size_bytes = 0;
  int64_t duration_s = 0;
  int32_t redundancy = 0;
  // The price is known only afterwards: a hold is charged with a settlement.
  bool needs_settlement = false;

  bool operator==(const PricedUse&) const = default;
};

struct Hold {
  Uuid id;  // of the RESERVE transfer
  Uuid debit;
  Uuid credit;
  AssetCode asset;
  int operation = 0;
  int64_t amount = 0;
  int64_t remaining = 0;
  HoldState state = HoldState::kOpen;
  Time expires;
  std::optional<Uuid> quote_id;
  std::string tariff_hash;
  std::optional<OnceKey> once_key;
  PricedUse priced;  // by its quote

  bool is_untouched() const { return remaining == amount; }
  bool operator==(const Hold&) const = default;
};

// The hold that a committed RESERVE makes.
Hold HoldOf(const TransferRecord& reserve);

}  // namespace joulebook::ledger
