#include "ops/layer_norm.h"

#include "device/op_specs/layer_norm.h"
#include "ops/binary.h"
#include "ops/cast.h"
#include "ops/op.h"
#include "ops/reduce.h"
#include "ops/rules.h"
#include "ops/unary.h"
#include "ops/view.h"

namespace temper {
namespace {

using specs::LayerNorm;
using specs::LayerNormBackward;

std::vector<TensorSpec> layer_norm_infer(std::span<const TensorSpec> in, const LayerNorm::Attrs& attrs) {
  const TensorSpec &x = in[0], &weight = in[1], &bias = in[2];
  if (x.shape().rank() < 1 || weight.shape() != Shape{x.shape()[-1]} || bias.shape() != weight.shape())
    fail(ErrorCode::shape_mismatch, "layer_norm: x {} with weight {} and bias {}: both must be [{}]", to_string(x),
         to_string(weight), to_string(bias), x.shape().rank() < 1 ? 0 : x.shape()[-1]);
  if (!is_floating(x.dtype) || (weight.dtype != x.dtype && weight.dtype != DType::f32) || bias.dtype != weight.dtype)
    fail(ErrorCode::dtype_mismatch,
         "layer_norm: x {} with weight {} and bias {}: weight and bias must both be of x's type or both f32",
         to_string(x), to_string(weight), to_string(bias));
  if (!(attrs.eps >= 0)) fail(ErrorCode::invalid_argument, "layer_norm: eps {} is negative", attrs.eps);
  const TensorSpec statistics = spec(accumulator_dtype(x.dtype), without_last(x.shape()));
  return {spec(x.dtype, x.shape()), statistics, statistics};
}

Tensor row_mean(Context& ctx, const Tensor& x) {
  return scale(ctx, sum(ctx, x, {-1}), 1.0 / static_cast<double>(x.dim(-1)));
}

std::vector<Tensor> layer_norm_composite(Context& ctx, std::span<const Tensor> in, const LayerNorm::Attrs& attrs) {
  const DType wide = accumulator_dtype(in[0].dtype());
  const Tensor x = cast(ctx, in[0], wide), weight = cast(ctx, in[1], wide), bias = cast(ctx, in[2], wide);
  const Tensor mean = row_mean(ctx, x);
  const Tensor centred = sub(ctx, x, mean);
  const Tensor inv_std = rsqrt(ctx, affine(ctx, row_mean(ctx, mul(ctx, centred, centred)), 1.0, double{attrs.eps}));
  const Tensor y = add(ctx, mul(ctx, mul(ctx, centred, inv_std), weight), bias);
  const Shape rows = without_last(x.shape());
  return {cast(ctx, y, in[0].dtype()), reshape(ctx, mean, rows), reshape(ctx, inv_std, rows)};
}

std::vector<TensorSpec> layer_norm_infer_backward(std::span<const TensorSpec> in,
                                                  const LayerNormBackward::Attrs& attrs) {
  const TensorSpec& x = in[1];
  std::vector<TensorSpec> out = {spec(x.dtype, x.shape())};
  if (attrs.want_weight_grad) out.resize(3, spec(accumulator_dtype(x.dtype), {x.shape()[-1]}));
  return out;
}

std::vector<Tensor> layer_norm_composite_backward(Context& ctx, std::span<const Tensor> in,
                                                  const LayerNormBackward::Attrs& attrs) {
  const DType wide = accumulator_dtype(in[1].dtype());
  const Tensor dy = cast(ctx, in[0], wide), x = cast(ctx, in[1], wide), weight = cast(ctx, in[2], wide);
  const Shape column = with_last(x.shape(), 1);
  const Tensor mean = reshape(ctx, in[3], column), inv_std = reshape(ctx, in[4], column);
  const Tensor normed = mul(ctx, sub(ctx, x, mean), inv_std);
  const Tensor g = mul(ctx, dy, weight);
  const Tensor pulled = add(ctx, row_mean(ctx, g), mul(ctx, normed, row_mean(ctx, mul(ctx, g, normed))));
  std::vector<Tensor> out = {cast(ctx, mul(ctx, inv_std, sub(ctx, g, pulled)), in[1].dtype())};
  if (attrs.want_weight_grad) {
    out.push_back(sum_to(ctx, mul(ctx, dy, normed), {x.dim(-1)}));
    out.push_back(sum_to(ctx, dy, {x.dim(-1)}));
  }
  return out;
}

constexpr OpRule<LayerNormBackward> kLayerNormBackward{.infer = layer_norm_infer_backward,
                                                       .composite = layer_norm_composite_backward};

std::vector<Tensor> layer_norm_vjp(Context& ctx, const VjpArgs<LayerNorm::Attrs>& args) {
  const bool want_weight = args.needs(1) || args.needs(2);
  std::vector<Tensor> grads(3);
  if (!args.grads[0].defined()) return grads;
  auto out =
      apply(ctx, kLayerNormBackward, {args.grads[0], args.inputs[0], args.inputs[1], args.outputs[1], args.outputs[2]},
            {.want_weight_grad = want_weight});
  if (args.needs(0)) grads[0] = out[0];
  if (args.needs(1)) grads[1] = cast(ctx, out[1], args.specs[1].dtype);
  if (args.needs(2)) grads[2] = cast(ctx, out[2], args.specs[2].dtype);
  return grads;
}

constexpr OpRule<LayerNorm> kLayerNorm{
    .infer = layer_norm_infer,
    .composite = layer_norm_composite,
    .saves = [](uint32_t, const LayerNorm::Attrs&) -> Saved { return {.inputs = 0b011, .outputs = 0b110}; },
    .vjp = layer_norm_vjp,
    .outputs_without_grad = 0b110,
};

}  // namespace

Tensor layer_norm(Context& ctx, const Tensor& x, const Tensor& weight, const Tensor& bias, float eps) {
  return apply(ctx, kLayerNorm, {x, weight, bias}, {.eps = eps})[0];
}

}  // namespace temper
