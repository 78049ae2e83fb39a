#pragma once

#include "device/context.h"
#include "device/op_specs/rope.h"

namespace temper {

using RopeAttrs = specs::Rope::Attrs;

/// Rotary position embedding of queries or keys: x [N, H, D], positions i32 [N], inv_freq f32 [D/2] -> [N, H, D] in x's
/// type. Differentiable in x. Source: Su et al. 2021, eq. 34; pairs are (i, i + D/2), as in Hugging Face checkpoints.
/// Errors: shapes or types other than these.
Tensor rope(Context& ctx, const Tensor& x, const Tensor& positions, const Tensor& inv_freq,
            const RopeAttrs& attrs = {});

}  // namespace temper
