#pragma once

#include "device/context.h"

namespace temper {

// Differentiable views: no data moves (except reshape of a tensor with gaps, which copies).

/// Errors: the number of elements differs.
Tensor reshape(Context& ctx, const Tensor& x, const Shape& shape);
/// Swaps two dimensions; negative ones count from the last.
Tensor transpose(Context& ctx, const Tensor& x, int dim_a = -2, int dim_b = -1);
/// Elements [begin, end) of a dimension.
Tensor slice(Context& ctx, const Tensor& x, int dimension, int64_t begin, int64_t end);
Tensor broadcast_to(Context& ctx, const Tensor& x, const Shape& shape);

}  // namespace temper
