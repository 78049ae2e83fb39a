#pragma once

#include "device/context.h"
#include "device/op_specs/matmul.h"

namespace temper {

/// alpha op(a) op(b) + beta c, batched over broadcast leading dimensions: a [.., m, k], b [.., k, n], c [.., m, n]
/// (trans_a: a is [.., k, m]; trans_b: b is [.., n, k]). One floating type; differentiable in all three.
/// Errors: inner dimensions or types that differ, ranks below 2.
Tensor matmul(Context& ctx, const Tensor& a, const Tensor& b, const specs::Matmul::Attrs& attrs = {});
Tensor matmul_add(Context& ctx, const Tensor& a, const Tensor& b, const Tensor& c,
                  const specs::Matmul::Attrs& attrs = {});

}  // namespace temper
