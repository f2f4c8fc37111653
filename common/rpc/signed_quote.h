// Signed quotes on the wire, for whoever makes or checks one: see docs/reference/quotes.md.
#pragma once

#include <optional>

#include "common/crypto/batch_signature.h"
#include "joulebook/type/v1/quote.pb.h"

namespace joulebook {

inline constexpr char kQuoteContext[] = "joulebook.type.v1.SignedQuote";

// The proof that a quote carries; nothing if its path is no list of hashes, or an index is
// negative.
std::optional<BatchProof> ProofOf(const type::v1::SignedQuote& quote);

// Puts the proof beside the terms.
void SetProof(const BatchProof& proof, type::v1::SignedQuote& quote);

}  // namespace joulebook
