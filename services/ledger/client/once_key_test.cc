#include "services/ledger/client/once_key.h"

#include "common/crypto/sha256.h"
#include "common/testing/matchers.h"

namespace joulebook::ledger {
namespace {

TEST(MakeOnceKey, IsTheOneOfTheReference) {
  // The example of docs/reference/once-keys.md.
  EXPECT_EQ(
      ToHex(MakeOnceKey("joulebook.costing.v1.Earning", "00000000-0000-7000-8000-000000000001")),
      "3fd0014c5e3aca391fee57ded79c3db3");
}

TEST(MakeOnceKey, KeepsDomainAndIdApart) {
  EXPECT_NE(MakeOnceKey("a", "bc"), MakeOnceKey("ab", "c"));
}

}  // namespace
}  // namespace joulebook::ledger
