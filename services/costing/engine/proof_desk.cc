#include "services/costing/engine/proof_desk.h"

#include "services/costing/domain/errors.h"

namespace joulebook::costing {
namespace {

// How far the clocks of replicas may be apart.
constexpr Duration kClockSkew = std::chrono::seconds(5);

// Errors: OPERATION_NOT_PRICED.
absl::StatusOr<int32_t> NeededBits(const Tariff& tariff, int32_t operation,
                                   int32_t reputation_ppm) {
  const auto price = tariff.operations.find(operation);
  if (price == tariff.operations.end()) return OperationNotPriced(operation);
  if (!price->second.asks_proof_of_work) return 0;
  return DifficultyBits(tariff.proof_of_work, reputation_ppm);
}

}  // namespace

absl::StatusOr<ProofDesk::Asked> ProofDesk::Ask(const Uuid& member, int32_t operation,
                                                int32_t reputation_ppm) const {
  JB_ASSIGN_OR_RETURN(const auto snapshot, book_.Now());
  const Time now = clock_.Now();
  JB_ASSIGN_OR_RETURN(const LiveTariff* const tariff,
                      snapshot->InEffect(options_.tariff_name, now));
  JB_ASSIGN_OR_RETURN(const int32_t bits, NeededBits(tariff->tariff, operation, reputation_ppm));
  return Asked{.challenge = {member, operation, now, tariff->published.hash}, .bits = bits};
}

absl::StatusOr<int32_t> ProofDesk::Accept(const Challenge& challenge, int32_t reputation_ppm,
                                          uint64_t nonce, Duration timeout) {
  auto bits = Check(challenge, reputation_ppm, nonce, timeout);
  (bits.ok() ? metrics_.proofs_accepted : metrics_.proofs_refused).Increment();
  return bits;
}

absl::StatusOr<int32_t> ProofDesk::Check(const Challenge& challenge, int32_t reputation_ppm,
                                         uint64_t nonce, Duration timeout) {
  JB_ASSIGN_OR_RETURN(const auto snapshot, book_.Now());
  const Time now = clock_.Now();
  const auto tariff = snapshot->InEffect(options_.tariff_name, challenge.time);
  if (absl::IsUnavailable(tariff.status())) return tariff.status();
  const bool is_fresh = challenge.time > now - options_.window &&
                        challenge.time <= now + kClockSkew && tariff.ok() &&
                        (*tariff)->published.hash == challenge.tariff_hash;
  if (!is_fresh) {
    return ProofStale(
        std::chrono::duration_cast<std::chrono::milliseconds>(options_.window).count());
  }
  const Sha256Digest hash = ProofHash(challenge, nonce);
  JB_ASSIGN_OR_RETURN(const int32_t needed,
                      NeededBits((*tariff)->tariff, challenge.operation, reputation_ppm));
  const int32_t bits = LeadingZeroBits(hash);
  if (bits < needed) return ProofInvalid(bits, needed);
  // Kept until no replica's clock can find the challenge fresh any more.
  const Time expires = challenge.time + options_.window + 2 * kClockSkew;
  JB_ASSIGN_OR_RETURN(const bool is_first,
                      store_.AddProof(std::string(AsBytes(hash)), expires, timeout));
  if (!is_first) return ProofReplayed();
  return bits;
}

}  // namespace joulebook::costing
