// Every limit of the ledger's input, in one place. The proto comments state them to callers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace joulebook::ledger {

// As many as TigerBeetle takes; at about 500 bytes an item a full batch is about 4 MiB.
inline constexpr std::size_t kMaxBatchItems = 8'190;
inline constexpr std::size_t kMaxReferenceBytes = 128;
inline constexpr std::size_t kMaxBlockIdBytes = 64;  // SHA3-512
inline constexpr std::size_t kMaxMetadataEntries = 16;
inline constexpr std::size_t kMaxMetadataKeyBytes = 64;
inline constexpr std::size_t kMaxMetadataValueBytes = 256;
// A quote signed with a thousand others has about 700 bytes.
inline constexpr std::size_t kMaxQuoteBytes = 4'096;
inline constexpr std::size_t kMaxDisplayNameBytes = 64;
inline constexpr std::size_t kMaxNoteBytes = 256;
inline constexpr int32_t kMaxRedundancy = 255;
inline constexpr int64_t kDefaultHoldTtlMs = 300'000;
inline constexpr int64_t kMaxHoldTtlMs = int64_t{30} * 24 * 3600 * 1000;
inline constexpr int kMaxOperationType = 41;

// 1000 J in micro-joules, granted once to each member.
inline constexpr int64_t kTrialGrantMicrojoules = 1'000'000'000;

}  // namespace joulebook::ledger
