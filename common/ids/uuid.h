// UUIDs (RFC 9562): the ids of everything.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace joulebook {

struct Uuid {
  std::array<uint8_t, 16> bytes{};

  // 00000000-0000-0000-0000-000000000000
  static constexpr Uuid Nil() { return {}; }
  // ffffffff-ffff-ffff-ffff-ffffffffffff
  static constexpr Uuid Max() {
    Uuid max;
    for (auto& byte : max.bytes) byte = 0xff;
    return max;
  }
  // The form 8-4-4-4-12 of hexadecimal digits, either case, nothing around it; nothing otherwise.
  // Every version and variant is taken.
  static std::optional<Uuid> Parse(std::string_view text);

  bool IsNil() const { return *this == Nil(); }
  bool IsMax() const { return *this == Max(); }
  // Lower case.
  std::string ToString() const;

  constexpr auto operator<=>(const Uuid&) const = default;

  template <typename H>
  friend H AbslHashValue(H state, const Uuid& uuid) {
    return H::combine(std::move(state), uuid.bytes);
  }
};

}  // namespace joulebook
