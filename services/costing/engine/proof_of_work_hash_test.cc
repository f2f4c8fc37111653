#include "services/costing/engine/proof_of_work_hash.h"

#include "common/testing/matchers.h"

namespace joulebook::costing {
namespace {

// The example of docs/reference/proof-of-work.md.
TEST(ProofOfWorkHash, IsAsDocumented) {
  const Challenge challenge{*Uuid::Parse("00000000-0000-7000-8000-000000000001"), 1,
                            Time(std::chrono::seconds(1'767'225'600)), std::string(32, '\x11')};
  EXPECT_EQ(SolveChallenge(challenge, 12), 3'206U);
  EXPECT_GE(LeadingZeroBits(ProofHash(challenge, 3'206)), 12);
  Challenge other = challenge;
  other.operation = 2;
  EXPECT_NE(ProofHash(other, 3'206), ProofHash(challenge, 3'206));
}

TEST(LeadingZeroBits, CountsAcrossBytes) {
  Sha256Digest hash{};
  EXPECT_EQ(LeadingZeroBits(hash), 256);
  hash[0] = 0x80;
  EXPECT_EQ(LeadingZeroBits(hash), 0);
  hash[0] = 0;
  hash[1] = 0x10;
  EXPECT_EQ(LeadingZeroBits(hash), 11);
}

}  // namespace
}  // namespace joulebook::costing
