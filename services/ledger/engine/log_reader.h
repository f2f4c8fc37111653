// The log of the book, record after record: transfers and all else in the one order of positions.
#pragma once

#include <deque>
#include <optional>
#include <variant>

#include "services/ledger/store/log_store.h"

namespace joulebook::ledger {

using LogEntry = std::variant<TransferRecord, StoredRecord>;

class LogReader {
 public:
  // Reads what comes after position `after`, `page` rows of each table at a time. The snapshot must
  // outlive the reader.
  LogReader(BookSnapshot& snapshot, int64_t after, int page)
      : snapshot_(snapshot), page_(page), last_transfer_(after), last_record_(after) {}

  // Nothing after the last one.
  std::optional<LogEntry> Next();

 private:
  BookSnapshot& snapshot_;
  const int page_;
  // Where each table was read to, and what was read and not given yet.
  int64_t last_transfer_;
  int64_t last_record_;
  bool has_more_transfers_ = true;
  bool has_more_records_ = true;
  std::deque<TransferRecord> transfers_;
  std::deque<StoredRecord> records_;
};

}  // namespace joulebook::ledger
