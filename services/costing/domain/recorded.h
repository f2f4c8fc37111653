// What is recorded once, whether it was there already or not.
#pragma once

namespace joulebook::costing {

template <typename T>
struct Recorded {
  T value;
  bool is_new = false;
};

}  // namespace joulebook::costing
