#pragma once

#include "device/context.h"

namespace temper {

/// Sum of squares of all elements: x in any floating type -> f32 [] (f64 for f64), summed in f64. No gradient. Overflow
/// and NaN show in the result: a gradient that isn't finite gives a sum that isn't.
Tensor sum_of_squares(Context& ctx, const Tensor& x);

/// What gradients must be multiplied with so that their norm is at most max_norm: min(1, max_norm / (norm + 1e-6)),
/// norm = sqrt(sum_of_squares), f32 [] -> f32 [], computed on the device. NaN stays NaN.
/// Errors: max_norm that isn't positive. Source: torch.nn.utils.clip_grad_norm_.
Tensor clip_scale(Context& ctx, const Tensor& sum_of_squares, float max_norm);

}  // namespace temper
