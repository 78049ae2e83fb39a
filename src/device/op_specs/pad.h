#pragma once

#include <cstdint>
#include <string_view>

namespace temper::specs {

/// x -> y with `before` and `after` zeros added along one dimension. The gradient of a slice. Primitive.
struct Pad {
  static constexpr std::string_view name = "pad";
  struct Attrs {
    int dimension = 0;
    int64_t before = 0;
    int64_t after = 0;
  };
};

}  // namespace temper::specs
