#pragma once

#include <cstdint>
#include <string_view>

namespace temper::specs {

/// x [...], rng i64[2] {seed, step} -> y: element i is kept and multiplied by 1 / (1 - p) when the uniform draw of
/// (seed, step, site, i) is at least p, else 0; i counts in row-major order. Primitive.
struct Dropout {
  static constexpr std::string_view name = "dropout";
  struct Attrs {
    float p = 0.0f;
    uint32_t site = 0;
  };
};

}  // namespace temper::specs
