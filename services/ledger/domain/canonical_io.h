// The parts that canonical bytes are made of (docs/reference/canonical-bytes.md): writing and
// reading them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "services/ledger/domain/account.h"

namespace joulebook::ledger {

class CanonicalWriter {
 public:
  void Byte(uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void Int64(int64_t value) {
    char bytes[8];
    for (int i = 0; i < 8; ++i) {
      bytes[i] = static_cast<char>(static_cast<uint64_t>(value) >> (56 - 8 * i));
    }
    bytes_.append(bytes, sizeof bytes);
  }
  void Instant(Time time) { Int64(time.time_since_epoch().count()); }
  void Text(std::string_view text) {
    Int64(static_cast<int64_t>(text.size()));
    bytes_.append(text);
  }
  void Id(const Uuid& id) {
    bytes_.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
  }
  void OptionalId(const std::optional<Uuid>& id) {
    Byte(id.has_value());
    if (id.has_value()) Id(*id);
  }
  void OptionalInt64(const std::optional<int64_t>& value) {
    Byte(value.has_value());
    if (value.has_value()) Int64(*value);
  }
  void Entries(const Metadata& metadata) {
    Int64(static_cast<int64_t>(metadata.size()));
    for (const auto& [key, value] : metadata) {
      Text(key);
      Text(value);
    }
  }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reads what CanonicalWriter wrote. An absent value reads as zero or empty, and is_complete is
// false from then on.
class CanonicalReader {
 public:
  explicit CanonicalReader(std::string_view bytes) : rest_(bytes) {}

  uint8_t Byte() {
    const std::string_view byte = Take(1);
    return byte.empty() ? uint8_t{0} : static_cast<uint8_t>(byte[0]);
  }
  int64_t Int64() {
    uint64_t value = 0;
    for (const char byte : Take(8)) value = (value << 8) | static_cast<uint8_t>(byte);
    return static_cast<int64_t>(value);
  }
  Time Instant() { return Time(Duration(Int64())); }
  std::string_view Text() { return Take(static_cast<uint64_t>(Int64())); }
  Uuid Id() {
    Uuid id;
    std::size_t next = 0;
    for (const char byte : Take(id.bytes.size())) id.bytes[next++] = static_cast<uint8_t>(byte);
    return id;
  }
  std::optional<Uuid> OptionalId() { return Byte() == 0 ? std::nullopt : std::optional(Id()); }
  std::optional<int64_t> OptionalInt64() {
    return Byte() == 0 ? std::nullopt : std::optional(Int64());
  }
  Metadata Entries() {
    Metadata metadata;
    for (int64_t left = Int64(); left > 0 && is_complete_; --left) {
      std::string key(Text());
      metadata[std::move(key)] = Text();
    }
    return metadata;
  }

  // Whether everything asked for was there, and nothing is left.
  bool is_at_end() const { return is_complete_ && rest_.empty(); }

 private:
  std::string_view Take(uint64_t size) {
    is_complete_ = is_complete_ && size <= rest_.size();
    if (!is_complete_) return {};
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  bool is_complete_ = true;
};

}  // namespace joulebook::ledger
