#pragma once

#include "device/context.h"

namespace temper {

/// exp(x) / sum exp(x) over the last dimension, x [.., d] in any floating type (f32 arithmetic for 16-bit ones);
/// differentiable. A row of -infinity gives zeros: fully masked rows stay harmless. A NaN or +infinity makes its row
/// NaN.
Tensor softmax(Context& ctx, const Tensor& x);
/// log(softmax(x)) without cancellation; a row of -infinity stays -infinity. Differentiable.
Tensor log_softmax(Context& ctx, const Tensor& x);

}  // namespace temper
