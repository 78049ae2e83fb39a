#pragma once

#include "device/context.h"

namespace temper {

/// silu(gate) up, element by element, in their common shape and floating type; differentiable.
/// Source: Shazeer 2020, eq. 5. Errors: shapes or types that differ.
Tensor swiglu(Context& ctx, const Tensor& gate, const Tensor& up);

}  // namespace temper
