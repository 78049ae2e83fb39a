#include "ops/rms_norm.h"

#include "device/op_specs/rms_norm.h"
#include "ops/binary.h"
#include "ops/cast.h"
#include "ops/op.h"
#include "ops/reduce.h"
#include "ops/rules.h"
#include "ops/unary.h"
#include "ops/view.h"

namespace temper {
namespace {

using specs::RmsNorm;
using specs::RmsNormBackward;

std::vector<TensorSpec> infer(std::span<const TensorSpec> in, const RmsNorm::Attrs& attrs) {
  const TensorSpec &x = in[0], &weight = in[1];
  if (x.shape().rank() < 1 || weight.shape() != Shape{x.shape()[-1]})
    fail(ErrorCode::shape_mismatch, "rms_norm: x {} needs a weight of [{}], not {}", to_string(x),
         x.shape().rank() < 1 ? 0 : x.shape()[-1], to_string(weight));
  if (!is_floating(x.dtype) || (weight.dtype != x.dtype && weight.dtype != DType::f32))
    fail(ErrorCode::dtype_mismatch, "rms_norm: x {} with weight {}: the weight must be of x's type or f32",
         to_string(x), to_string(weight));
  if (!(attrs.eps >= 0)) fail(ErrorCode::invalid_argument, "rms_norm: eps {} is negative", attrs.eps);
  return {spec(x.dtype, x.shape()), spec(accumulator_dtype(x.dtype), without_last(x.shape()))};
}

std::vector<Tensor> composite(Context& ctx, std::span<const Tensor> in, const RmsNorm::Attrs& attrs) {
  const DType wide = accumulator_dtype(in[0].dtype());
  const Tensor x = cast(ctx, in[0], wide), weight = cast(ctx, in[1], wide);
  const Tensor mean = scale(ctx, sum(ctx, mul(ctx, x, x), {-1}), 1.0 / static_cast<double>(x.dim(-1)));
  const Tensor inv_rms = rsqrt(ctx, affine(ctx, mean, 1.0, double{attrs.eps}));
  const Tensor y = mul(ctx, mul(ctx, x, inv_rms), weight);
  return {cast(ctx, y, in[0].dtype()), reshape(ctx, inv_rms, without_last(x.shape()))};
}

std::vector<TensorSpec> infer_backward(std::span<const TensorSpec> in, const RmsNormBackward::Attrs& attrs) {
  const TensorSpec& x = in[1];
  std::vector<TensorSpec> out = {spec(x.dtype, x.shape())};
  if (attrs.want_weight_grad) out.push_back(spec(accumulator_dtype(x.dtype), {x.shape()[-1]}));
  return out;
}

std::vector<Tensor> composite_backward(Context& ctx, std::span<const Tensor> in, const RmsNormBackward::Attrs& attrs) {
  const DType wide = accumulator_dtype(in[1].dtype());
  const Tensor dy = cast(ctx, in[0], wide), x = cast(ctx, in[1], wide), weight = cast(ctx, in[2], wide);
  const Tensor inv_rms = reshape(ctx, in[3], with_last(x.shape(), 1));
  const Tensor normed = mul(ctx, x, inv_rms);
  const Tensor dnormed = mul(ctx, dy, weight);
  const Tensor mean = scale(ctx, sum(ctx, mul(ctx, dnormed, normed), {-1}), 1.0 / static_cast<double>(x.dim(-1)));
  const Tensor dx = mul(ctx, sub(ctx, dnormed, mul(ctx, normed, mean)), inv_rms);
  std::vector<Tensor> out = {cast(ctx, dx, in[1].dtype())};
  if (attrs.want_weight_grad) out.push_back(sum_to(ctx, mul(ctx, dy, normed), {x.dim(-1)}));
  return out;
}

constexpr OpRule<RmsNormBackward> kRmsNormBackward{.infer = infer_backward, .composite = composite_backward};

std::vector<Tensor> vjp(Context& ctx, const VjpArgs<RmsNorm::Attrs>& args) {
  const bool want_weight = args.needs(1);
  auto out = apply(ctx, kRmsNormBackward, {args.grads[0], args.inputs[0], args.inputs[1], args.outputs[1]},
                   {.want_weight_grad = want_weight});
  std::vector<Tensor> grads(2);
  if (args.needs(0)) grads[0] = out[0];
  if (want_weight) grads[1] = cast(ctx, out[1], args.specs[1].dtype);
  return grads;
}

constexpr OpRule<RmsNorm> kRmsNorm{
    .infer = infer,
    .composite = composite,
    .saves = [](uint32_t, const RmsNorm::Attrs&) -> Saved { return {.inputs = 3, .outputs = 2}; },
    .vjp = vjp,
    .outputs_without_grad = 2,
};

}  // namespace

Tensor rms_norm(Context& ctx, const Tensor& x, const Tensor& weight, float eps) {
  return apply(ctx, kRmsNorm, {x, weight}, {.eps = eps})[0];
}

}  // namespace temper
