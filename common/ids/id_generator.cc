#include "common/ids/id_generator.h"

namespace joulebook {

std::unique_ptr<Random> MakeSystemRandom() {
  std::random_device entropy;
  return std::make_unique<SeededRandom>((static_cast<uint64_t>(entropy()) << 32) | entropy());
}

Uuid UuidV7Generator::Next() {
  const auto ms = static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(clock_.Now().time_since_epoch())
          .count());
  const uint64_t high = random_.Next();
  const uint64_t low = random_.Next();
  Uuid uuid;
  for (std::size_t i = 0; i < 6; ++i) uuid.bytes[i] = static_cast<uint8_t>(ms >> (40 - 8 * i));
  uuid.bytes[6] = static_cast<uint8_t>(0x70 | (high & 0x0f));
  uuid.bytes[7] = static_cast<uint8_t>(high >> 8);
  for (std::size_t i = 0; i < 8; ++i) uuid.bytes[8 + i] = static_cast<uint8_t>(low >> (8 * i));
  uuid.bytes[8] = static_cast<uint8_t>(0x80 | (uuid.bytes[8] & 0x3f));
  return uuid;
}

}  // namespace joulebook
