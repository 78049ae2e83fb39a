#pragma once

#include <cstdint>
#include <string_view>

namespace temper::specs {

/// x [...] -> y with the dimensions of the mask reduced to extent 1 (always kept). 16-bit inputs accumulate in f32 and
/// return x's type. The sum of nothing is 0, the maximum of nothing is -infinity. Primitive.
struct Reduce {
  static constexpr std::string_view name = "reduce";
  enum class Kind : uint8_t { sum, max };
  struct Attrs {
    Kind kind = Kind::sum;
    uint32_t dimensions = 0;  ///< bit d: dimension d is reduced
  };
};

}  // namespace temper::specs
