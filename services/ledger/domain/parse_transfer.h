// The shape of a transfer: what can be said without the book.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "services/ledger/domain/quote.h"
#include "services/ledger/domain/transfer.h"

namespace joulebook::ledger {

// One item of a batch: its request, or the shape code that says why it is none.
struct TransferItem {
  ResultCode shape = ResultCode::kOk;
  TransferRequest request;
  std::optional<Quote> quote;  // what request.quote says
  bool may_issue = true;       // whether the caller may move from a source of value
};

// A transfer as it came, ids still text, enums still numbers.
struct TransferDraft {
  std::string_view id;
  int kind = 0;
  std::string_view target;
  std::string_view debit;
  std::string_view credit;
  std::string_view asset;
  int64_t amount = 0;
  bool up_to = false;
  bool keep_rest = false;
  bool linked = false;
  int operation = 0;
  int64_t hold_ttl_ms = 0;
  std::string_view reference;
  std::string_view block_id;
  int64_t data_size_bytes = 0;
  int64_t duration_s = 0;
  int32_t redundancy = 0;
  Metadata metadata;
  struct Timestamp {
    int64_t seconds = 0;
    int32_t nanos = 0;
  };
  std::optional<Timestamp> effective;
  Conditions conditions;
  std::string_view signature;
  std::string_view once_key;
  std::string quote_token;     // as TransferRequest::quote
  std::optional<Quote> quote;  // what it says; absent though there is a token: it is malformed
  bool may_issue = true;       // as TransferItem::may_issue
};

// kOk with the request in `request`, or the first code of section 2 that applies (and then
// `request` is left as it was). kLinkedChainOpen is not decided here: it needs the whole batch.
ResultCode ParseTransfer(const TransferDraft& draft, TransferRequest& request);

// The items of one request: each parsed, and kLinkedChainOpen for a last item that is linked. The
// flag `linked` is kept also where the shape is wrong, since it says where the chain ends.
std::vector<TransferItem> ParseBatch(std::span<const TransferDraft> drafts);

// Whether metadata keeps its bounds and holds no NUL; accounts have the same rule.
bool IsValidMetadata(const Metadata& metadata);

// Whether `text` has at most `max_bytes` and no NUL, which PostgreSQL's text cannot hold.
bool IsValidText(std::string_view text, std::size_t max_bytes);

}  // namespace joulebook::ledger
