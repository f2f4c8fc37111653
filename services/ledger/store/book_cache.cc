#include "services/ledger/store/book_cache.h"

namespace joulebook::ledger {

void BookCache::Absorb(BookView&& view) {
  for (auto& [id, account] : view.accounts) accounts.Put(id, std::move(account));
  for (const auto& [id, hold] : view.holds) holds.Put(id, hold);
  for (auto& [id, member] : view.members) members.Put(id, std::move(member));
}

void BookCache::Follow(const TransferRecord& record) {
  if (!record.is_committed()) return;
  const auto follow = [this](const Uuid& id, const Balances& after) {
    const Account* known = accounts.Find(id);
    if (known == nullptr) return;
    Account account = *known;
    account.balances = after;
    accounts.Put(id, std::move(account));
  };
  follow(record.debit, record.debit_after);
  follow(record.credit, record.credit_after);
  if (record.request.target.has_value()) holds.Erase(*record.request.target);
}

void BookCache::Clear() {
  accounts.Clear();
  holds.Clear();
  members.Clear();
}

}  // namespace joulebook::ledger
