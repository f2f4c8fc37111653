// New ids for what the server itself writes; clients choose theirs.
#pragma once

#include "common/ids/random.h"
#include "common/ids/uuid.h"
#include "common/time/clock.h"

namespace joulebook {

// Thread-safe.
class IdGenerator {
 public:
  virtual ~IdGenerator() = default;
  virtual Uuid Next() = 0;
};

// UUID version 7: 48 bits of Unix milliseconds, then 74 random bits, so that new ids sort by time.
class UuidV7Generator final : public IdGenerator {
 public:
  // Both must outlive the generator.
  UuidV7Generator(Clock& clock, Random& random) : clock_(clock), random_(random) {}
  Uuid Next() override;

 private:
  Clock& clock_;
  Random& random_;
};

}  // namespace joulebook
