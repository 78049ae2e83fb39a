#pragma once

#include <string_view>

namespace temper::specs {

/// x [.., V] -> i32 [..], the index of the largest value, the first one of equals. Primitive. Faults: 0 for
/// a row with a NaN.
struct Argmax {
  static constexpr std::string_view name = "argmax";
  struct Attrs {};
};

}  // namespace temper::specs
