#pragma once

#include <cstdint>
#include <string_view>

namespace temper::specs {

/// x [.., V] -> values [.., k] in x's type and indices i32 [.., k], largest first, of equals the lower index first.
/// NaN is Error{numeric}. Primitive.
struct TopK {
  static constexpr std::string_view name = "top_k";
  struct Attrs {
    int64_t k = 1;
  };
};

}  // namespace temper::specs
