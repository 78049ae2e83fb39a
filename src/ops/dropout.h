#pragma once

#include "device/context.h"

namespace temper {

/// Sets each element to 0 with probability p and multiplies the rest by 1 / (1 - p); p = 0 returns x. The mask depends
/// on the context's (seed, step), the call site within the step and the element only. Differentiable.
/// Errors: p outside [0, 1). Source: Srivastava et al. 2014 (inverted scaling).
Tensor dropout(Context& ctx, const Tensor& x, float p);

}  // namespace temper
