#pragma once

#include "device/context.h"

namespace temper {

/// Rows of a frozen table [V, D] by token id: ids i32 [N] -> [N, D] in `dtype`. No gradient.
/// Errors: ids that aren't i32 of one dimension; at the next read, Error{numeric} for an id outside of the vocabulary.
Tensor embedding(Context& ctx, const WeightHandle& table, const Tensor& ids, DType dtype);

}  // namespace temper
