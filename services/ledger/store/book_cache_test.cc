#include "services/ledger/store/book_cache.h"

#include "common/testing/matchers.h"

namespace joulebook::ledger {
namespace {

Uuid Id(int number) {
  Uuid id;
  id.bytes[14] = static_cast<uint8_t>(number >> 8);
  id.bytes[15] = static_cast<uint8_t>(number);
  return id;
}

TEST(RecentlyUsed, IsBoundedAndKeepsWhatIsUsed) {
  RecentlyUsed<int> values(100);
  for (int i = 0; i < 1'000; ++i) {
    values.Put(Id(i), i);
    ASSERT_NE(values.Find(Id(0)), nullptr) << "used all the time, after " << i;
  }
  int kept = 0;
  for (int i = 0; i < 1'000; ++i) kept += values.Find(Id(i)) != nullptr;
  EXPECT_GE(kept, 50);
  EXPECT_LE(kept, 102);
  EXPECT_EQ(*values.Find(Id(999)), 999);
}

TEST(RecentlyUsed, TheLastValueCounts) {
  RecentlyUsed<int> values(4);
  values.Put(Id(1), 1);
  for (int i = 2; i < 6; ++i) values.Put(Id(i), i);  // pushes 1 among the old
  values.Put(Id(1), 10);
  EXPECT_EQ(*values.Find(Id(1)), 10);
  values.Erase(Id(1));
  EXPECT_EQ(values.Find(Id(1)), nullptr);
  values.Clear();
  EXPECT_EQ(values.Find(Id(5)), nullptr);
}

TEST(BookCache, FollowsWhatOthersCommitted) {
  BookCache cache(10);
  Account account;
  account.id = Id(1);
  cache.accounts.Put(account.id, account);
  cache.holds.Put(Id(7), Hold{.id = Id(7)});
  TransferRecord record;
  record.debit = Id(1);
  record.credit = Id(2);
  record.debit_after.posted = -5;
  record.request.target = Id(7);
  cache.Follow(record);
  EXPECT_EQ(cache.accounts.Find(Id(1))->balances.posted, -5);
  EXPECT_EQ(cache.accounts.Find(Id(2)), nullptr) << "an account that it does not know";
  EXPECT_EQ(cache.holds.Find(Id(7)), nullptr) << "it was charged or released";
}

}  // namespace
}  // namespace joulebook::ledger
