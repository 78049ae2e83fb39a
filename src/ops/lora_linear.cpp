#include "ops/lora_linear.h"

#include "device/op_specs/lora_linear.h"
#include "ops/cast.h"
#include "ops/linear.h"
#include "ops/matmul.h"
#include "ops/op.h"
#include "ops/rules.h"

namespace temper {
namespace {

using specs::LoraLinear;
using specs::LoraLinearBackward;

std::vector<TensorSpec> infer(std::span<const TensorSpec> in, const LoraLinear::Attrs& attrs) {
  const TensorSpec &x = in[0], &a = in[1], &b = in[2];
  require_weight("lora_linear", attrs.weight);
  require_floating("lora_linear", x);
  const int64_t inputs = attrs.weight->columns(), outputs = attrs.weight->rows();
  if (x.shape().rank() < 1 || x.shape()[-1] != inputs)
    fail(ErrorCode::shape_mismatch, "lora_linear: x {} with {}: the last dimension must be {}", to_string(x),
         describe_weight(attrs.weight), inputs);
  if (a.shape().rank() != 2 || a.shape()[1] != inputs || b.shape() != Shape{outputs, a.shape()[0]})
    fail(ErrorCode::shape_mismatch, "lora_linear: a {} and b {} must be [rank,{}] and [{},rank] for {}", to_string(a),
         to_string(b), inputs, outputs, describe_weight(attrs.weight));
  for (const TensorSpec* adapter : {&a, &b})
    if (adapter->dtype != x.dtype && adapter->dtype != DType::f32)
      fail(ErrorCode::dtype_mismatch, "lora_linear: a {} and b {} must be f32 or of the type of x {}", to_string(a),
           to_string(b), to_string(x));
  std::vector<TensorSpec> out = {spec(x.dtype, with_last(x.shape(), outputs))};
  if (attrs.want_h) out.push_back(spec(accumulator_dtype(x.dtype), with_last(x.shape(), a.shape()[0])));
  return out;
}

std::vector<Tensor> composite(Context& ctx, std::span<const Tensor> in, const LoraLinear::Attrs& attrs) {
  const DType dtype = in[0].dtype(), wide = accumulator_dtype(dtype);
  const Tensor x = as_matrix(ctx, cast(ctx, in[0], wide)), a = cast(ctx, in[1], wide), b = cast(ctx, in[2], wide);
  const Tensor h = matmul(ctx, x, a, {.trans_b = true});
  const Tensor y = matmul_add(ctx, h, b, linear(ctx, x, attrs.weight), {.trans_b = true, .alpha = attrs.scale});
  std::vector<Tensor> out = {reshape(ctx, cast(ctx, y, dtype), with_last(in[0].shape(), y.dim(1)))};
  if (attrs.want_h) out.push_back(reshape(ctx, h, with_last(in[0].shape(), h.dim(1))));
  return out;
}

std::vector<TensorSpec> infer_backward(std::span<const TensorSpec> in, const LoraLinearBackward::Attrs& attrs) {
  std::vector<TensorSpec> out;
  if (attrs.want_dx) out.push_back(spec(in[0].dtype, with_last(in[0].shape(), attrs.weight->columns())));
  if (attrs.want_da) out.push_back(spec(in[2].dtype, in[2].shape()));
  if (attrs.want_db) out.push_back(spec(in[3].dtype, in[3].shape()));
  return out;
}

std::vector<Tensor> composite_backward(Context& ctx, std::span<const Tensor> in,
                                       const LoraLinearBackward::Attrs& attrs) {
  const DType dtype = in[0].dtype(), wide = accumulator_dtype(dtype);
  const Tensor dy = as_matrix(ctx, cast(ctx, in[0], wide));
  std::vector<Tensor> out;
  Tensor dh;  // [rows, r]
  if (attrs.want_dx || attrs.want_da) dh = matmul(ctx, dy, cast(ctx, in[3], wide), {.alpha = attrs.scale});
  if (attrs.want_dx) {
    const Tensor dx = matmul_add(ctx, dh, cast(ctx, in[2], wide), linear_transposed(ctx, dy, attrs.weight));
    out.push_back(reshape(ctx, cast(ctx, dx, dtype), with_last(in[0].shape(), dx.dim(1))));
  }
  if (attrs.want_da) {
    const Tensor da = matmul(ctx, dh, as_matrix(ctx, cast(ctx, in[1], wide)), {.trans_a = true});
    out.push_back(cast(ctx, da, in[2].dtype()));
  }
  if (attrs.want_db) {
    const Tensor db = matmul(ctx, dy, as_matrix(ctx, in[4]), {.trans_a = true, .alpha = attrs.scale});
    out.push_back(cast(ctx, db, in[3].dtype()));
  }
  return out;
}

constexpr OpRule<LoraLinearBackward> kLoraLinearBackward{.infer = infer_backward, .composite = composite_backward};

Saved saves(uint32_t needs_grad, const LoraLinear::Attrs&) {
  // x and h are the large ones; a and b are parameters that live anyway.
  return {.inputs = 6u | ((needs_grad & 2u) ? 1u : 0u), .outputs = (needs_grad & 4u) ? 2u : 0u};
}

std::vector<Tensor> vjp(Context& ctx, const VjpArgs<LoraLinear::Attrs>& args) {
  const auto out =
      apply(ctx, kLoraLinearBackward,
            {args.grads[0], args.inputs[0], args.inputs[1], args.inputs[2], args.needs(2) ? args.outputs[1] : Tensor()},
            {.weight = args.attrs.weight,
             .scale = args.attrs.scale,
             .want_dx = args.needs(0),
             .want_da = args.needs(1),
             .want_db = args.needs(2)});
  std::vector<Tensor> grads(3);
  size_t next = 0;
  for (int i = 0; i < 3; ++i)
    if (args.needs(i)) grads[static_cast<size_t>(i)] = out[next++];
  return grads;
}

constexpr OpRule<LoraLinear> kLoraLinear{
    .infer = infer, .composite = composite, .saves = saves, .vjp = vjp, .outputs_without_grad = 2};

}  // namespace

Tensor lora_linear(Context& ctx, const Tensor& x, const Tensor& a, const Tensor& b, const WeightHandle& weight,
                   float scale) {
  return apply(ctx, kLoraLinear, {x, a, b},
               {.weight = weight, .scale = scale, .want_h = ctx.tape() != nullptr && b.requires_grad()})[0];
}

}  // namespace temper
