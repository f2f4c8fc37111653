#include "common/ids/uuid.h"

namespace joulebook {
namespace {

constexpr std::size_t kTextLength = 36;

constexpr bool IsDashPosition(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<Uuid> Uuid::Parse(std::string_view text) {
  if (text.size() != kTextLength) return std::nullopt;
  Uuid uuid;
  std::size_t nibble = 0;
  for (std::size_t i = 0; i < kTextLength; ++i) {
    if (IsDashPosition(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int value = HexValue(text[i]);
    if (value < 0) return std::nullopt;
    const int shift = nibble % 2 == 0 ? 4 : 0;
    uuid.bytes[nibble / 2] = static_cast<uint8_t>(uuid.bytes[nibble / 2] | (value << shift));
    ++nibble;
  }
  return uuid;
}

std::string Uuid::ToString() const {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text(kTextLength, '-');
  char* next = text.data();
  for (const uint8_t byte : bytes) {
    if (IsDashPosition(static_cast<std::size_t>(next - text.data()))) ++next;
    *next++ = kDigits[byte >> 4];
    *next++ = kDigits[byte & 15];
  }
  return text;
}

}  // namespace joulebook
