// Rows in PostgreSQL's binary format: for COPY ... (FORMAT binary), and as parameters.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids/uuid.h"

namespace joulebook {

inline constexpr std::string_view kCopyHeader("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", 19);
inline constexpr std::string_view kCopyTrailer("\xff\xff", 2);

// Rows of one table, field by field in the order of its columns. The method names the column's
// type: nothing is converted later.
class BinaryRows {
 public:
  // Starts the next row; it must get exactly `columns` fields.
  explicit BinaryRows(int16_t columns) : columns_(columns) {}
  void BeginRow();

  void Smallint(int16_t value);
  void Integer(int32_t value);
  void Bigint(int64_t value);
  void Bigint(const std::optional<int64_t>& value);
  void Boolean(bool value);
  void Id(const Uuid& value);
  void Id(const std::optional<Uuid>& value);
  void Text(std::string_view value);
  void Bytes(std::string_view value);
  void Jsonb(std::string_view json);
  void Null();

  std::size_t size() const { return rows_; }
  bool empty() const { return rows_ == 0; }
  int columns() const { return columns_; }
  // The rows as they stand in a COPY stream, between kCopyHeader and kCopyTrailer.
  std::string_view bytes() const { return bytes_; }
  // Forgets the rows and keeps the memory.
  void Clear();
  // Calls `use` for each row with pointers to its fields (null for NULL) and their lengths.
  void ForEachRow(const std::function<void(std::span<const char* const> values,
                                           std::span<const int> lengths)>& use) const;

 private:
  void Field(std::string_view bytes);

  int16_t columns_;
  std::size_t rows_ = 0;
  std::string bytes_;
};

// Binary arrays, as parameters of unnest($1::uuid[], $2::bigint[], $3::smallint[]).
std::string UuidArray(std::span<const Uuid> values);
std::string BigintArray(std::span<const int64_t> values);
std::string SmallintArray(std::span<const int16_t> values);

}  // namespace joulebook
