// A writer's memory of the book between its commits, so that the writer need not read again what
// it wrote. Right for one head of the book; whoever uses it checks the head.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "services/ledger/domain/book.h"

namespace joulebook::ledger {

// A map of bounded size. An item not used while half of the bound came in new is forgotten.
template <typename Value>
class RecentlyUsed {
 public:
  explicit RecentlyUsed(std::size_t limit) : half_(limit / 2) {}

  // The value, or null. Valid until the next call.
  const Value* Find(const Uuid& id) {
    if (const auto it = young_.find(id); it != young_.end()) return &it->second;
    const auto it = old_.find(id);
    if (it == old_.end()) return nullptr;
    Value value = std::move(it->second);
    old_.erase(it);
    return &Insert(id, std::move(value));
  }
  void Put(const Uuid& id, Value value) {
    old_.erase(id);
    Insert(id, std::move(value));
  }
  void Erase(const Uuid& id) {
    young_.erase(id);
    old_.erase(id);
  }
  void Clear() {
    young_.clear();
    old_.clear();
  }
  bool empty() const { return young_.empty() && old_.empty(); }

 private:
  Value& Insert(const Uuid& id, Value value) {
    if (young_.size() > half_) {
      old_ = std::move(young_);
      young_.clear();
    }
    return young_[id] = std::move(value);
  }

  const std::size_t half_;
  absl::flat_hash_map<Uuid, Value> young_;
  absl::flat_hash_map<Uuid, Value> old_;
};

class BookCache {
 public:
  // At most `limit` accounts, holds and members each.
  explicit BookCache(std::size_t limit) : accounts(limit), holds(limit), members(limit) {}

  // Takes over what a committed view shows.
  void Absorb(BookView&& view);
  // Follows a decided transfer of another writer. Transfers come in the order of positions.
  void Follow(const TransferRecord& record);
  void Clear();
  bool empty() const { return accounts.empty() && holds.empty() && members.empty(); }

  RecentlyUsed<Account> accounts;
  RecentlyUsed<Hold> holds;
  RecentlyUsed<Member> members;
};

}  // namespace joulebook::ledger
