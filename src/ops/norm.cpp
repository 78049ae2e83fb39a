#include "ops/norm.h"

#include "device/op_specs/norm.h"
#include "ops/binary.h"
#include "ops/cast.h"
#include "ops/fill.h"
#include "ops/op.h"
#include "ops/reduce.h"
#include "ops/rules.h"
#include "ops/unary.h"

namespace temper {
namespace {

using specs::SumOfSquares;

constexpr OpRule<SumOfSquares> kSumOfSquares{
    .infer = [](std::span<const TensorSpec> in, const SumOfSquares::Attrs&) -> std::vector<TensorSpec> {
      if (!is_floating(in[0].dtype))
        fail(ErrorCode::dtype_mismatch, "sum_of_squares: {} is not a floating type", to_string(in[0]));
      return {spec(accumulator_dtype(in[0].dtype), {})};
    },
    .composite = [](Context& ctx, std::span<const Tensor> in, const SumOfSquares::Attrs&) -> std::vector<Tensor> {
      const Tensor x = cast(ctx, in[0], accumulator_dtype(in[0].dtype()));
      return {sum_all(ctx, mul(ctx, x, x))};
    },
};

}  // namespace

Tensor sum_of_squares(Context& ctx, const Tensor& x) {
  return apply_one(ctx, kSumOfSquares, {x}, {});
}

Tensor clip_scale(Context& ctx, const Tensor& sum_of_squares, float max_norm) {
  if (sum_of_squares.dtype() != DType::f32 || sum_of_squares.shape() != Shape{})
    fail(ErrorCode::shape_mismatch, "clip_scale: {} is not a f32 scalar", to_string(sum_of_squares));
  if (!(max_norm > 0.0f)) fail(ErrorCode::invalid_argument, "clip_scale: max_norm {} is not positive", max_norm);
  // A scalar once a step: composed of ops on every backend. min(1, q) = -max(-q, -1).
  const Tensor norm = affine(ctx, sqrt(ctx, sum_of_squares), 1.0, 1e-6);
  const Tensor quotient = div(ctx, full(ctx, DType::f32, {}, double{max_norm}), norm);
  return neg(ctx, maximum(ctx, neg(ctx, quotient), full(ctx, DType::f32, {}, -1.0)));
}

}  // namespace temper
