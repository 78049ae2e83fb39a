#pragma once

#include <string_view>

#include "device/prepared_weight.h"

namespace temper::specs {

/// x [.., in], A [r, in], B [out, r], a frozen weight W [out, in] -> y = x W^T + scale h B^T [.., out] in x's type,
/// and, when wanted, h = x A^T [.., r] in f32 (f64 for f64). A and B are f32 or of x's type. Hu et al. 2021, eq. 3.
struct LoraLinear {
  static constexpr std::string_view name = "lora_linear";
  struct Attrs {
    WeightHandle weight = nullptr;
    float scale = 1.0f;
    bool want_h = false;  ///< the gradient of B needs it; an unread output would only tie products that are independent
  };
};

/// dy, x, A, B, h -> those wanted of dx = dy W + scale (dy B) A, dA = scale (dy B)^T x, dB = scale dy^T h, in this
/// order; dx in x's type, dA and dB in A's and B's. x is read for dA only and h for dB only: else they may be
/// undefined.
struct LoraLinearBackward {
  static constexpr std::string_view name = "lora_linear_backward";
  struct Attrs {
    WeightHandle weight = nullptr;
    float scale = 1.0f;
    bool want_dx = true;
    bool want_da = true;
    bool want_db = true;
  };
};

}  // namespace temper::specs
