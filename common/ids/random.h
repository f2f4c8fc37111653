// Randomness as an argument.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <random>

namespace joulebook {

// Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  // Uniform over all 64-bit values.
  virtual uint64_t Next() = 0;
};

// Repeatable from its seed; not for secrets.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : engine_(seed) {}
  uint64_t Next() override {
    const std::lock_guard lock(mutex_);
    return engine_();
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_;
};

// Seeded from the operating system's entropy.
std::unique_ptr<Random> MakeSystemRandom();

}  // namespace joulebook
