// Assets: every amount is an amount of one.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace joulebook {

// The code of an asset: 1 to 12 characters A-Z and 0-9, or empty for "none". A plain value of 12
// bytes, so that amounts can be copied freely.
class AssetCode {
 public:
  static constexpr std::size_t kMaxLength = 12;

  constexpr AssetCode() = default;
  // `text` must be valid or empty (see IsValid); anything else yields the empty code.
  constexpr explicit AssetCode(std::string_view text) {
    if (!IsValid(text)) return;
    for (std::size_t i = 0; i < text.size(); ++i) characters_[i] = text[i];
  }

  static constexpr bool IsValid(std::string_view text) {
    if (text.empty() || text.size() > kMaxLength) return false;
    for (const char c : text) {
      if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))) return false;
    }
    return true;
  }

  constexpr std::string_view view() const {
    std::size_t length = 0;
    while (length < kMaxLength && characters_[length] != '\0') ++length;
    return {characters_.data(), length};
  }
  constexpr bool empty() const { return characters_[0] == '\0'; }
  std::string ToString() const { return std::string(view()); }

  constexpr auto operator<=>(const AssetCode&) const = default;

  template <typename H>
  friend H AbslHashValue(H state, const AssetCode& code) {
    return H::combine(std::move(state), code.characters_);
  }

 private:
  std::array<char, kMaxLength> characters_{};
};

enum class AssetKind { kEnergy = 1, kToken = 2, kCurrency = 3, kCredit = 4 };

// An asset and how many decimal places its minor unit has (6: a million minor units are one unit).
struct Asset {
  AssetCode code;
  int scale = 0;
  AssetKind kind = AssetKind::kEnergy;

  bool operator==(const Asset&) const = default;
};

// The largest scale whose unit fits 64 bits.
inline constexpr int kMaxScale = 18;

}  // namespace joulebook
