#pragma once

#include "device/context.h"

namespace temper {

/// A frozen linear layer with a low-rank adapter: x [.., in], a [r, in], b [out, r], W [out, in] ->
/// x W^T + scale (x a^T) b^T [.., out] in x's type. Differentiable in x, a and b; a and b are f32 or of x's type.
/// Source: Hu et al. 2021, eq. 3. Errors: shapes that don't fit, types other than these.
Tensor lora_linear(Context& ctx, const Tensor& x, const Tensor& a, const Tensor& b, const WeightHandle& weight,
                   float scale);

}  // namespace temper
