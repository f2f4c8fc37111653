#include "common/crypto/batch_signature.h"

#include <functional>

#include "common/testing/matchers.h"

namespace joulebook {
namespace {

constexpr char kContext[] = "joulebook.test";

NoteSigner Signer(char seed) {
  return *NoteSigner::Make("test", std::string(kEd25519SeedSize, seed));
}

std::vector<Sha256Digest> Leaves(std::size_t count) {
  std::vector<Sha256Digest> leaves;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back(BatchLeaf(kContext, std::to_string(i)));
  return leaves;
}

TEST(BatchSignature, HoldsForEveryPayloadOfEverySize) {
  BatchVerifier verifier(kContext, {Signer('a').verifier(), Signer('b').verifier()});
  for (const std::size_t count : {1U, 2U, 3U, 5U, 8U, 13U, 64U, 1'000U}) {
    const auto proofs = SignBatch(Signer('b'), kContext, Leaves(count));
    ASSERT_EQ(proofs.size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_TRUE(verifier.Verify(std::to_string(i), proofs[i])) << i << " of " << count;
      EXPECT_FALSE(verifier.Verify(std::to_string(i + 1), proofs[i])) << i << " of " << count;
    }
  }
}

TEST(BatchSignature, FallsWithAnyChange) {
  const auto proofs = SignBatch(Signer('a'), kContext, Leaves(5));
  const std::function<void(BatchProof&)> changes[] = {
      [](BatchProof& p) { p.key_id = Signer('b').verifier().key_id(); },
      [](BatchProof& p) { p.key_id.clear(); },
      [](BatchProof& p) { ++p.index; },
      [](BatchProof& p) { p.index = 5; },
      [](BatchProof& p) { ++p.count; },
      [](BatchProof& p) { p.count = 0; },
      [](BatchProof& p) { p.path.pop_back(); },
      [](BatchProof& p) { p.path.push_back({}); },
      [](BatchProof& p) { p.path.resize(100); },
      [](BatchProof& p) { p.path[0][0] ^= 1; },
      [](BatchProof& p) { p.signature[7] ^= 1; },
      [](BatchProof& p) { p.signature.clear(); },
  };
  BatchVerifier verifier(kContext, {Signer('a').verifier()});
  ASSERT_TRUE(verifier.Verify("2", proofs[2]));  // from now on the root is remembered
  for (std::size_t i = 0; i < std::size(changes); ++i) {
    BatchProof changed = proofs[2];
    changes[i](changed);
    EXPECT_FALSE(verifier.Verify("2", changed)) << i;
  }
  BatchVerifier stranger(kContext, {Signer('b').verifier()});
  EXPECT_FALSE(stranger.Verify("2", proofs[2]));
  BatchVerifier other_context("joulebook.other", {Signer('a').verifier()});
  EXPECT_FALSE(other_context.Verify("2", proofs[2]));
}

TEST(BatchSignature, IsStillGoodAfterOthers) {
  BatchVerifier verifier(kContext, {Signer('a').verifier()});
  const auto first = SignBatch(Signer('a'), kContext, Leaves(2));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(verifier.Verify("1", first[1]));
  for (int i = 0; i < 10; ++i) {
    const std::string payload = "x" + std::to_string(i);
    const Sha256Digest leaf = BatchLeaf(kContext, payload);
    EXPECT_TRUE(verifier.Verify(payload, SignBatch(Signer('a'), kContext, {&leaf, 1})[0]));
  }
  EXPECT_TRUE(verifier.Verify("1", first[1]));
}

}  // namespace
}  // namespace joulebook
