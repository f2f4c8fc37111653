// A value that is recorded once, and whether this call recorded it.
#pragma once

namespace joulebook::costing {

template <typename T>
struct Recorded {
  T value;
  bool is_new = false;
};

}  // namespace joulebook::costing
