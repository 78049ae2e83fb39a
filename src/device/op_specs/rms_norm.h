#pragma once

#include <string_view>

namespace temper::specs {

/// x [.., d], weight [d] -> y = x / sqrt(mean(x^2) + eps) * weight in x's type, and inv_rms [..] f32 (f64 for f64).
/// Statistics in f32. Zhang and Sennrich 2019, eq. 4.
struct RmsNorm {
  static constexpr std::string_view name = "rms_norm";
  struct Attrs {
    float eps = 1e-5f;
  };
};

/// dy [.., d], x [.., d], weight [d], inv_rms [..] -> dx [.., d] in x's type, and dweight [d] f32 (f64 for f64) when
/// wanted: dx = inv_rms (dy w - x inv_rms^2 mean(dy w x)); dweight = sum over rows of dy x inv_rms.
struct RmsNormBackward {
  static constexpr std::string_view name = "rms_norm_backward";
  struct Attrs {
    bool want_weight_grad = false;
  };
};

}  // namespace temper::specs
