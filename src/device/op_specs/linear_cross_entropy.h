#pragma once

#include <string_view>

#include "device/prepared_weight.h"

namespace temper::specs {

/// x [N, D], targets i32 [N], a frozen head [V, D] -> loss [], the sum of the cross entropies of softmax(x head^T)
/// against the targets; row_losses [N]; and with want_dx the gradient of loss, dx [N, D]. All f32 (f64 for f64).
/// A row with a negative target counts nothing: its loss and gradient are 0. Faults: so does a target of V or more.
/// With smoothing s a row costs (1 - s) (-log p_target) + s mean over the vocabulary of -log p (Szegedy et al. 2015,
/// sec. 7).
struct LinearCrossEntropy {
  static constexpr std::string_view name = "linear_cross_entropy";
  struct Attrs {
    WeightHandle head = nullptr;
    float label_smoothing = 0.0f;
    bool want_dx = false;
  };
};

}  // namespace temper::specs
