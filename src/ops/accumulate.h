#pragma once

#include <cstdint>

#include "device/context.h"
#include "ops/state.h"

namespace temper {

/// sum[offset ..] += x, element by element: sum f32, contiguous; x f32, f16 or bf16 of any shape, in row-major order.
/// Errors: x reaches past the end of sum.
void accumulate_(Context& ctx, State& sum, int64_t offset, const Tensor& x);
/// All zeros; any type.
void zero_(Context& ctx, State& state);

}  // namespace temper
