#include "common/crypto/ed25519.h"
#include "common/crypto/merkle.h"
#include "common/crypto/sha256.h"
#include "common/testing/matchers.h"

namespace joulebook {
namespace {

TEST(Sha256, MatchesFips180Vectors) {
  EXPECT_EQ(ToHex(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(ToHex(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Ed25519, MatchesRfc8032TestOne) {
  const std::string seed(
      "\x9d\x61\xb1\x9d\xef\xfd\x5a\x60\xba\x84\x4a\xf4\x92\xec\x2c\xc4\x44\x49\xc5\x69\x7b\x32\x69"
      "\x19\x70\x3b\xac\x03\x1c\xae\x7f\x60",
      32);
  const auto key = Ed25519PrivateKey::FromSeed(seed);
  ASSERT_THAT(key, IsOk());
  EXPECT_EQ(ToHex(key->public_key()),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  EXPECT_EQ(
      ToHex(key->Sign("")),
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701"
      "cf9b46bd25bf5f0595bbe24655141438e7a100b");
}

TEST(Ed25519, RefusesAlteredInputAndWrongLengths) {
  const auto key = Ed25519PrivateKey::FromSeed(std::string(32, 's'));
  const std::string signature = key->Sign("message");
  EXPECT_TRUE(VerifyEd25519(key->public_key(), "message", signature));
  EXPECT_FALSE(VerifyEd25519(key->public_key(), "messagf", signature));
  EXPECT_FALSE(VerifyEd25519(key->public_key(), "message", signature.substr(1)));
  EXPECT_FALSE(VerifyEd25519(key->public_key().substr(1), "message", signature));
  EXPECT_FALSE(VerifyEd25519("", "message", ""));
  EXPECT_EQ(Ed25519PrivateKey::FromSeed("short").status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(Ed25519, KnowsWhatIsNoPublicKey) {
  EXPECT_TRUE(IsEd25519PublicKey(Ed25519PrivateKey::FromSeed(std::string(32, 's'))->public_key()));
  const std::string zero(31, '\0');
  EXPECT_FALSE(IsEd25519PublicKey(""));
  EXPECT_FALSE(IsEd25519PublicKey(std::string(32, '\xff'))) << "not canonical";
  EXPECT_FALSE(IsEd25519PublicKey("\x02" + zero)) << "no point of the curve";
  EXPECT_FALSE(IsEd25519PublicKey("\x01" + zero)) << "order 1";
  EXPECT_FALSE(IsEd25519PublicKey(zero + '\0')) << "order 4";
}

std::vector<Sha256Digest> Leaves(std::size_t count) {
  std::vector<Sha256Digest> leaves;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back(MerkleLeafHash(std::to_string(i)));
  return leaves;
}

MerkleRangeRoot RangesOf(std::span<const Sha256Digest> leaves) {
  return [leaves](uint64_t start, uint64_t size) -> absl::StatusOr<Sha256Digest> {
    return MerkleRoot(leaves.subspan(start, size));
  };
}

TEST(Merkle, MatchesTheKnownRoots) {
  EXPECT_EQ(ToHex(MerkleRoot({})),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const Sha256Digest empty_leaf = MerkleLeafHash("");
  EXPECT_EQ(ToHex(empty_leaf), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  const Sha256Digest two[] = {empty_leaf, MerkleLeafHash(std::string(1, '\0'))};
  EXPECT_EQ(ToHex(MerkleRoot(two)),
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
}

TEST(Merkle, EveryInclusionProofVerifiesAndNoOtherLeafDoes) {
  for (std::size_t size = 1; size <= 33; ++size) {
    const auto leaves = Leaves(size);
    const Sha256Digest root = MerkleRoot(leaves);
    for (uint64_t index = 0; index < size; ++index) {
      auto proof = *MerkleInclusionProof(size, index, RangesOf(leaves));
      EXPECT_TRUE(VerifyMerkleInclusion(leaves[index], index, size, proof, root));
      EXPECT_FALSE(VerifyMerkleInclusion(MerkleLeafHash("x"), index, size, proof, root));
      EXPECT_FALSE(VerifyMerkleInclusion(leaves[index], size, size, proof, root));
      proof.push_back(root);
      EXPECT_FALSE(VerifyMerkleInclusion(leaves[index], index, size, proof, root));
    }
  }
}

TEST(Merkle, EveryConsistencyProofVerifiesAndNoOtherRootDoes) {
  const auto all = Leaves(33);
  for (std::size_t size = 1; size <= 33; ++size) {
    const std::span<const Sha256Digest> leaves(all.data(), size);
    const Sha256Digest root = MerkleRoot(leaves);
    for (uint64_t old_size = 0; old_size <= size; ++old_size) {
      const Sha256Digest old_root = MerkleRoot(leaves.first(old_size));
      const auto proof = *MerkleConsistencyProof(size, old_size, RangesOf(leaves));
      EXPECT_TRUE(VerifyMerkleConsistency(old_size, old_root, size, root, proof));
      if (old_size == 0) continue;
      EXPECT_FALSE(VerifyMerkleConsistency(old_size, Sha256("x"), size, root, proof));
      EXPECT_FALSE(VerifyMerkleConsistency(old_size, old_root, size, Sha256("x"), proof));
      EXPECT_FALSE(VerifyMerkleConsistency(size + 1, old_root, size, root, proof));
    }
  }
}

}  // namespace
}  // namespace joulebook
