#pragma once

#include "device/context.h"

namespace temper {

/// Adds zeros before and after along a dimension; differentiable. Any type. Errors: negative counts.
Tensor pad(Context& ctx, const Tensor& x, int dimension, int64_t before, int64_t after);

}  // namespace temper
