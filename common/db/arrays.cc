#include "common/db/arrays.h"

#include <utility>

#include "common/crypto/sha256.h"

namespace joulebook {
namespace {

int HexValue(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

}  // namespace

void ArrayLiteral::Separate() {
  if (text_.size() > 1) text_.push_back(',');
}

void ArrayLiteral::Add(int64_t value) {
  Separate();
  text_.append(std::to_string(value));
}

void ArrayLiteral::Add(const Uuid& value) {
  Separate();
  text_.append(value.ToString());
}

void ArrayLiteral::AddText(std::string_view value) {
  Separate();
  text_.push_back('"');
  for (const char c : value) {
    if (c == '"' || c == '\\') text_.push_back('\\');
    text_.push_back(c);
  }
  text_.push_back('"');
}

void ArrayLiteral::AddBytes(std::string_view value) { AddText("\\x" + ToHex(value)); }

void ArrayLiteral::AddNull() {
  Separate();
  text_.append("NULL");
}

void ArrayLiteral::Add(const std::optional<int64_t>& value) {
  value.has_value() ? Add(*value) : AddNull();
}

void ArrayLiteral::Add(const std::optional<Uuid>& value) {
  value.has_value() ? Add(*value) : AddNull();
}

std::string ArrayLiteral::Take() { return std::exchange(text_, "{") + "}"; }

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
