#include "services/ledger/engine/log_reader.h"

#include <iterator>
#include <utility>

namespace joulebook::ledger {
namespace {

// Takes a page into the empty queue, and notes how far it goes.
template <typename T>
void Refill(std::vector<T> page, int limit, std::deque<T>& queue, int64_t& last, bool& has_more) {
  has_more = static_cast<int>(page.size()) == limit;
  if (!page.empty()) last = page.back().position;
  queue.assign(std::make_move_iterator(page.begin()), std::make_move_iterator(page.end()));
}

template <typename T>
T TakeFirst(std::deque<T>& queue) {
  T first = std::move(queue.front());
  queue.pop_front();
  return first;
}

}  // namespace

std::optional<LogEntry> LogReader::Next() {
  if (transfers_.empty() && has_more_transfers_) {
    Refill(snapshot_.Transfers(last_transfer_, page_), page_, transfers_, last_transfer_,
           has_more_transfers_);
  }
  if (records_.empty() && has_more_records_) {
    Refill(snapshot_.Records(last_record_, page_), page_, records_, last_record_,
           has_more_records_);
  }
  if (transfers_.empty() && records_.empty()) return std::nullopt;
  const bool transfer_is_next =
      records_.empty() ||
      (!transfers_.empty() && transfers_.front().position <= records_.front().position);
  if (transfer_is_next) return TakeFirst(transfers_);
  return TakeFirst(records_);
}

}  // namespace joulebook::ledger
