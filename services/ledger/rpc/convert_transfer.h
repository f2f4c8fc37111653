// Transfers between proto and domain.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>
#include <google/protobuf/timestamp.pb.h>

#include <functional>
#include <span>
#include <vector>

#include "common/status/status.h"
#include "joulebook/ledger/v1/log.pb.h"
#include "joulebook/ledger/v1/transfer.pb.h"
#include "services/ledger/domain/decide_transfers.h"

namespace joulebook::ledger {

using TransferRequests = google::protobuf::RepeatedPtrField<v1::TransferRequest>;
using TransferResults = google::protobuf::RepeatedPtrField<v1::TransferResult>;

// Whether a quote key that this ledger knows signed it.
using QuoteCheck = std::function<bool(const type::v1::SignedQuote& quote)>;

// `may_issue` is whether the caller may move from a source of value.
std::vector<TransferItem> ToItems(const TransferRequests& requests, const QuoteCheck& is_signed,
                                  bool may_issue);

// One result per request, in order; `outcomes` has as many.
void ToProto(const TransferRequests& requests, std::span<const TransferOutcome> outcomes,
             TransferResults& results);
void ToProto(const TransferRecord& record, v1::Transfer& proto);
void ToProto(const TransferRecord& record, v1::RefusedTransfer& proto);
// Records are read back as they were written, also where the rules for requests are others by now.
// The refused transfer that `proto` shows, but for its position. INVALID_ARGUMENT as below.
absl::StatusOr<TransferRecord> FromProto(const v1::RefusedTransfer& proto);
// The committed transfer that `proto` shows. INVALID_ARGUMENT, naming the field, for what is no
// value of its type: not an id, a time, a kind, ...
absl::StatusOr<TransferRecord> FromProto(const v1::Transfer& proto);
void ToProto(const Balances& balances, v1::Balances& proto);
void ToProto(Time time, google::protobuf::Timestamp& proto);

}  // namespace joulebook::ledger
