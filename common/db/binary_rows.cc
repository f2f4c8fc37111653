#include "common/db/binary_rows.h"

#include "common/status/check.h"

namespace joulebook {
namespace {

constexpr int32_t kNullLength = -1;
constexpr char kJsonbVersion = 1;
// From PostgreSQL's pg_type.
constexpr int32_t kUuidOid = 2950;
constexpr int32_t kBigintOid = 20;
constexpr int32_t kSmallintOid = 21;

template <typename T>
void AppendBigEndian(T value, std::string& bytes) {
  char digits[sizeof(T)];
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    digits[i] = static_cast<char>(static_cast<uint64_t>(value) >> (8 * (sizeof(T) - 1 - i)));
  }
  bytes.append(digits, sizeof digits);
}

template <typename T>
T ReadBigEndian(const char* bytes) {
  uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return static_cast<T>(value);
}

template <typename T, typename Append>
std::string Array(std::span<const T> values, int32_t type, const Append& append) {
  std::string bytes;
  AppendBigEndian<int32_t>(1, bytes);  // dimensions
  AppendBigEndian<int32_t>(0, bytes);  // no NULL
  AppendBigEndian(type, bytes);
  AppendBigEndian(static_cast<int32_t>(values.size()), bytes);
  AppendBigEndian<int32_t>(1, bytes);  // lower bound
  for (const T& value : values) {
    AppendBigEndian(static_cast<int32_t>(sizeof(T)), bytes);
    append(value, bytes);
  }
  return bytes;
}

std::string_view BytesOf(const Uuid& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

}  // namespace

void BinaryRows::BeginRow() {
  ++rows_;
  AppendBigEndian(columns_, bytes_);
}

void BinaryRows::Field(std::string_view bytes) {
  AppendBigEndian(static_cast<int32_t>(bytes.size()), bytes_);
  bytes_.append(bytes);
}

void BinaryRows::Smallint(int16_t value) {
  AppendBigEndian(static_cast<int32_t>(sizeof value), bytes_);
  AppendBigEndian(value, bytes_);
}

void BinaryRows::Integer(int32_t value) {
  AppendBigEndian(static_cast<int32_t>(sizeof value), bytes_);
  AppendBigEndian(value, bytes_);
}

void BinaryRows::Bigint(int64_t value) {
  AppendBigEndian(static_cast<int32_t>(sizeof value), bytes_);
  AppendBigEndian(value, bytes_);
}

void BinaryRows::Bigint(const std::optional<int64_t>& value) {
  value.has_value() ? Bigint(*value) : Null();
}

void BinaryRows::Boolean(bool value) {
  Field(value ? std::string_view("\1", 1) : std::string_view("\0", 1));
}

void BinaryRows::Id(const Uuid& value) { Field(BytesOf(value)); }

void BinaryRows::Id(const std::optional<Uuid>& value) { value.has_value() ? Id(*value) : Null(); }

void BinaryRows::Text(std::string_view value) { Field(value); }

void BinaryRows::Bytes(std::string_view value) { Field(value); }

void BinaryRows::Jsonb(std::string_view json) {
  AppendBigEndian(static_cast<int32_t>(json.size() + 1), bytes_);
  bytes_.push_back(kJsonbVersion);
  bytes_.append(json);
}

void BinaryRows::Null() { AppendBigEndian(kNullLength, bytes_); }

void BinaryRows::Clear() {
  rows_ = 0;
  bytes_.clear();
}

void BinaryRows::ForEachRow(
    const std::function<void(std::span<const char* const>, std::span<const int>)>& use) const {
  std::vector<const char*> values(static_cast<std::size_t>(columns_));
  std::vector<int> lengths(static_cast<std::size_t>(columns_));
  const char* next = bytes_.data();
  const char* const end = next + bytes_.size();
  while (next < end) {
    JB_CHECK(ReadBigEndian<int16_t>(next) == columns_);
    next += sizeof(int16_t);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto length = ReadBigEndian<int32_t>(next);
      next += sizeof length;
      values[i] = length == kNullLength ? nullptr : next;
      lengths[i] = length == kNullLength ? 0 : length;
      next += lengths[i];
    }
    use(values, lengths);
  }
  JB_CHECK(next == end);
}

std::string UuidArray(std::span<const Uuid> values) {
  return Array(values, kUuidOid,
               [](const Uuid& id, std::string& bytes) { bytes.append(BytesOf(id)); });
}

std::string BigintArray(std::span<const int64_t> values) {
  return Array(values, kBigintOid,
               [](int64_t value, std::string& bytes) { AppendBigEndian(value, bytes); });
}

std::string SmallintArray(std::span<const int16_t> values) {
  return Array(values, kSmallintOid,
               [](int16_t value, std::string& bytes) { AppendBigEndian(value, bytes); });
}

}  // namespace joulebook
