#include "common/rpc/signed_quote.h"

#include <algorithm>

namespace joulebook {

std::optional<BatchProof> ProofOf(const type::v1::SignedQuote& quote) {
  if (quote.leaf_index() < 0 || quote.leaf_count() < 1) return std::nullopt;
  BatchProof proof{.key_id = quote.key_id(),
                   .index = static_cast<uint64_t>(quote.leaf_index()),
                   .count = static_cast<uint64_t>(quote.leaf_count()),
                   .path = std::vector<Sha256Digest>(quote.path().size() / sizeof(Sha256Digest)),
                   .signature = quote.signature()};
  if (quote.path().size() != proof.path.size() * sizeof(Sha256Digest)) return std::nullopt;
  const char* bytes = quote.path().data();
  for (Sha256Digest& hash : proof.path) {
    std::copy_n(bytes, hash.size(), hash.begin());
    bytes += hash.size();
  }
  return proof;
}

void SetProof(const BatchProof& proof, type::v1::SignedQuote& quote) {
  quote.set_key_id(proof.key_id);
  quote.set_leaf_index(static_cast<int64_t>(proof.index));
  quote.set_leaf_count(static_cast<int64_t>(proof.count));
  std::string& path = *quote.mutable_path();
  path.reserve(proof.path.size() * sizeof(Sha256Digest));
  for (const Sha256Digest& hash : proof.path) path.append(AsBytes(hash));
  quote.set_signature(proof.signature);
}

}  // namespace joulebook
