#pragma once

#include "device/context.h"

namespace temper {

// Element by element, in x's floating type; differentiable.
Tensor affine(Context& ctx, Tensor x, double scale, double offset);
inline Tensor scale(Context& ctx, Tensor x, double factor) {
  return affine(ctx, std::move(x), factor, 0.0);
}
inline Tensor neg(Context& ctx, Tensor x) {
  return affine(ctx, std::move(x), -1.0, 0.0);
}
Tensor exp(Context& ctx, Tensor x);
Tensor log(Context& ctx, Tensor x);
Tensor sqrt(Context& ctx, Tensor x);
Tensor rsqrt(Context& ctx, Tensor x);
Tensor tanh(Context& ctx, Tensor x);
Tensor sigmoid(Context& ctx, Tensor x);
Tensor silu(Context& ctx, Tensor x);
Tensor gelu(Context& ctx, Tensor x);
Tensor gelu_tanh(Context& ctx, Tensor x);

}  // namespace temper
