#pragma once

#include "device/context.h"

namespace temper {

struct LinearCrossEntropyAttrs {
  float label_smoothing = 0.0f;  ///< in [0, 1]
};

/// The sum of the cross entropies of softmax(x head^T) against the targets, as torch.nn.functional.cross_entropy with
/// reduction="sum" has it: x [N, D], a frozen head [V, D], targets i32 [N], negative ones ignored -> f32 [].
/// The logits [N, V] never exist as a whole. Differentiable in x; the gradient is made in the forward pass.
/// Errors: shapes or types other than these, a smoothing outside of [0, 1]; at the next read, Error{numeric} for a
/// target outside of the vocabulary.
Tensor linear_cross_entropy(Context& ctx, const Tensor& x, const WeightHandle& head, const Tensor& targets,
                            const LinearCrossEntropyAttrs& attrs = {});
/// The summands, f32 [N]: -log p of each target, 0 where ignored. No gradient.
Tensor linear_cross_entropy_rows(Context& ctx, const Tensor& x, const WeightHandle& head, const Tensor& targets,
                                 const LinearCrossEntropyAttrs& attrs = {});

}  // namespace temper
