#include "common/rpc/signed_quote.h"

#include <algorithm>

namespace joulebook {

std::optional<BatchProof> ProofOf(const type::v1::SignedQuote& quote) {
  if (quote.leaf_index() < 0 || quote.leaf_count() < 1) return std::nullopt;
  BatchProof proof{.key_id = quote.key_id(),
                   .index = static_cast<uint64_t>(quote.leaf_index()),
                   .count = static_cast<uint64_t>(quote.leaf_count()),
                   .path = {},
                   .signature = quote.signature()};
  for (const std::string& bytes : quote.path()) {
    Sha256Digest& hash = proof.path.emplace_back();
    if (bytes.size() != hash.size()) return std::nullopt;
    std::copy(bytes.begin(), bytes.end(), hash.begin());
  }
  return proof;
}

void SetProof(const BatchProof& proof, type::v1::SignedQuote& quote) {
  quote.set_key_id(proof.key_id);
  quote.set_leaf_index(static_cast<int64_t>(proof.index));
  quote.set_leaf_count(static_cast<int64_t>(proof.count));
  for (const Sha256Digest& hash : proof.path) quote.add_path(std::string(AsBytes(hash)));
  quote.set_signature(proof.signature);
}

}  // namespace joulebook
