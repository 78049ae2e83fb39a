#pragma once

#include "device/context.h"

namespace temper {

/// (x - mean) / sqrt(variance + eps) * weight + bias over the last dimension: x [.., d], weight and bias [d] of x's
/// type or f32 -> [.., d] in x's type; statistics in f32. Differentiable. Source: Ba et al. 2016. Errors: weight or
/// bias of another shape or type; a negative eps.
Tensor layer_norm(Context& ctx, const Tensor& x, const Tensor& weight, const Tensor& bias, float eps = 1e-5f);

}  // namespace temper
