#pragma once

#include <vector>

#include "device/context.h"

namespace temper {

/// Tensors one after the other along a dimension (negative ones count from the last). Any one type; differentiable.
/// Errors: no tensors, types or other extents that differ.
Tensor concat(Context& ctx, const std::vector<Tensor>& tensors, int dimension);

}  // namespace temper
