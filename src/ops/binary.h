#pragma once

#include "device/context.h"

namespace temper {

/// Element-wise with numpy broadcasting, in the inputs' common type (f32, f16, bf16, f64; i32 without gradient).
/// Errors: shapes that don't broadcast, types that differ.
Tensor add(Context& ctx, Tensor a, Tensor b);
Tensor sub(Context& ctx, Tensor a, Tensor b);
Tensor mul(Context& ctx, Tensor a, Tensor b);
Tensor div(Context& ctx, Tensor a, Tensor b);
/// No gradient.
Tensor maximum(Context& ctx, Tensor a, Tensor b);

}  // namespace temper
