#pragma once

#include "device/context.h"

namespace temper {

/// x W^T with a frozen weight W [out, in]: x [.., in] -> [.., out] in x's type. Differentiable in x.
/// Errors: x's last dimension isn't the weight's columns; a type that isn't floating.
Tensor linear(Context& ctx, const Tensor& x, const WeightHandle& weight);
/// x W: x [.., out] -> [.., in]. The gradient of linear, and the other way round.
Tensor linear_transposed(Context& ctx, const Tensor& x, const WeightHandle& weight);

}  // namespace temper
