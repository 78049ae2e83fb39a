#pragma once

#include <string_view>

namespace temper::specs {

/// x [.., d], weight [d], bias [d] -> y = (x - mean) inv_std weight + bias in x's type, and mean [..], inv_std [..] in
/// f32 (f64 for f64), with inv_std = 1 / sqrt(variance + eps), variance = mean((x - mean)^2). Ba et al. 2016.
struct LayerNorm {
  static constexpr std::string_view name = "layer_norm";
  struct Attrs {
    float eps = 1e-5f;
  };
};

/// dy [.., d], x [.., d], weight [d], mean [..], inv_std [..] -> dx [.., d] in x's type and, when wanted, dweight [d],
/// dbias [d] in f32 (f64 for f64): with n = (x - mean) inv_std and g = dy weight,
/// dx = inv_std (g - mean(g) - n mean(g n)); dweight = sum over rows of dy n; dbias = sum over rows of dy.
struct LayerNormBackward {
  static constexpr std::string_view name = "layer_norm_backward";
  struct Attrs {
    bool want_weight_grad = false;  ///< both dweight and dbias
  };
};

}  // namespace temper::specs
