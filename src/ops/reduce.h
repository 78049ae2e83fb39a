#pragma once

#include <initializer_list>

#include "device/context.h"

namespace temper {

/// Sum over the dimensions given (negative ones count from the last), which stay with extent 1.
Tensor sum(Context& ctx, const Tensor& x, std::initializer_list<int> dimensions);
/// Sum of everything, a scalar (shape []).
Tensor sum_all(Context& ctx, const Tensor& x);
/// Maximum over the dimensions given, which stay with extent 1. No gradient: a max inside softmax needs none.
Tensor max(Context& ctx, const Tensor& x, std::initializer_list<int> dimensions);
/// The gradient of broadcasting: sums x down to `shape`.
Tensor sum_to(Context& ctx, const Tensor& x, const Shape& shape);

}  // namespace temper
