#pragma once

#include <string_view>

namespace temper::specs {

/// x [N, H, D], positions i32 [N], inv_freq f32 [D/2] -> y of x's shape and type: the pairs (i, i + D/2) of every head
/// turned by the angle f32(position) inv_freq[i], times attention_scale. `inverse` turns the other way, which is the
/// gradient. Su et al. 2021, eq. 34, in the half-split layout of Hugging Face checkpoints. Primitive.
struct Rope {
  static constexpr std::string_view name = "rope";
  struct Attrs {
    bool inverse = false;
    float attention_scale = 1.0f;
  };
};

}  // namespace temper::specs
