#pragma once

#include <string_view>

namespace temper::specs {

/// x [.., V] -> i32 [..], the index of the largest value, the first one of equals. NaN is Error{numeric}. Primitive.
struct Argmax {
  static constexpr std::string_view name = "argmax";
  struct Attrs {};
};

}  // namespace temper::specs
