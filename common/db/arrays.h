// PostgreSQL array literals, for set-based statements: unnest($1::uuid[], $2::bigint[]).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/ids/uuid.h"

namespace joulebook {

// Builds "{1,2,NULL}". Text is quoted and escaped; bytes go as bytea's hexadecimal form.
class ArrayLiteral {
 public:
  void Add(int64_t value);
  void Add(const Uuid& value);
  void AddText(std::string_view value);
  void AddBytes(std::string_view value);
  void AddNull();
  void Add(const std::optional<int64_t>& value);
  void Add(const std::optional<Uuid>& value);

  // The literal so far.
  std::string Take();

 private:
  void Separate();
  std::string text_ = "{";
};

// bytea's hexadecimal form, as results carry it: "\x00ff" and back.
std::string FromByteaText(std::string_view text);

}  // namespace joulebook
