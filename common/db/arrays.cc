#include "common/db/arrays.h"

namespace joulebook {
namespace {

int HexValue(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

}  // namespace

std::string UuidArrayLiteral(std::span<const Uuid> ids) {
  std::string text = "{";
  for (const Uuid& id : ids) {
    if (text.size() > 1) text.push_back(',');
    text.append(id.ToString());
  }
  text.push_back('}');
  return text;
}

std::string FromByteaText(std::string_view text) {
  std::string bytes;
  if (!text.starts_with("\\x")) return bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 2; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<char>(HexValue(text[i]) << 4 | HexValue(text[i + 1])));
  }
  return bytes;
}

}  // namespace joulebook
