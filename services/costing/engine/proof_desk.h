// Challenges and the proofs of work that answer them. Stateless but for the proofs that were shown.
#pragma once

#include "services/costing/engine/metrics.h"
#include "services/costing/engine/proof_of_work_hash.h"
#include "services/costing/engine/tariff_book.h"

namespace joulebook::costing {

// Thread-safe.
class ProofDesk {
 public:
  struct Options {
    std::string tariff_name;  // the tariff that asks for proofs
    Duration window;          // how long after its time a challenge may be answered
  };

  // All must outlive the desk.
  ProofDesk(Options options, const TariffBook& book, Store& store, Clock& clock,
            CostingMetrics& metrics)
      : options_(std::move(options)),
        book_(book),
        store_(store),
        clock_(clock),
        metrics_(metrics) {}

  struct Asked {
    Challenge challenge;
    int32_t bits = 0;
  };
  // Errors: OPERATION_NOT_PRICED, TARIFF_NOT_FOUND, TARIFFS_STALE.
  absl::StatusOr<Asked> Ask(const Uuid& member, int32_t operation, int32_t reputation_ppm) const;

  // The proof's leading zero bits, once. Errors: PROOF_STALE, OPERATION_NOT_PRICED, PROOF_INVALID,
  // PROOF_REPLAYED, TARIFFS_STALE, those of the store.
  absl::StatusOr<int32_t> Accept(const Challenge& challenge, int32_t reputation_ppm, uint64_t nonce,
                                 Duration timeout);

  Duration window() const { return options_.window; }

 private:
  absl::StatusOr<int32_t> Check(const Challenge& challenge, int32_t reputation_ppm, uint64_t nonce,
                                Duration timeout);

  const Options options_;
  const TariffBook& book_;
  Store& store_;
  Clock& clock_;
  CostingMetrics& metrics_;
};

}  // namespace joulebook::costing
