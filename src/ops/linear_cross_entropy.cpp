#include "ops/linear_cross_entropy.h"

#include "device/op_specs/linear_cross_entropy.h"
#include "ops/binary.h"
#include "ops/cast.h"
#include "ops/dequantize_weight.h"
#include "ops/embedding.h"
#include "ops/fill.h"
#include "ops/linear.h"
#include "ops/op.h"
#include "ops/reduce.h"
#include "ops/rules.h"
#include "ops/unary.h"

namespace temper {
namespace {

using specs::LinearCrossEntropy;

std::vector<TensorSpec> infer(std::span<const TensorSpec> in, const LinearCrossEntropy::Attrs& attrs) {
  const TensorSpec& x = in[0];
  require_weight("linear_cross_entropy", attrs.head);
  require_floating("linear_cross_entropy", x);
  if (x.shape().rank() != 2 || x.shape()[1] != attrs.head->columns())
    fail(ErrorCode::shape_mismatch, "linear_cross_entropy: x {} must be [rows,{}] for {}", to_string(x),
         attrs.head->columns(), describe_weight(attrs.head));
  require_indices("linear_cross_entropy", "targets", in[1], {x.shape()[0]});
  if (!(attrs.label_smoothing >= 0.0f && attrs.label_smoothing <= 1.0f))
    fail(ErrorCode::invalid_argument, "linear_cross_entropy: label smoothing {} is not in [0, 1]",
         attrs.label_smoothing);
  const DType wide = accumulator_dtype(x.dtype);
  std::vector<TensorSpec> out = {spec(wide, {}), spec(wide, {x.shape()[0]})};
  if (attrs.want_dx) out.push_back(spec(wide, x.shape()));
  return out;
}

/// 1 where a target counts, 0 where it is negative, [N, 1].
Tensor counted_rows(Context& ctx, const Tensor& targets, DType dtype) {
  const Tensor t = reshape(ctx, cast(ctx, targets, dtype), {targets.dim(0), 1});
  const Tensor from_zero = maximum(ctx, affine(ctx, t, 1.0, 1.0), full(ctx, dtype, {}, 0.0));
  return neg(ctx, maximum(ctx, neg(ctx, from_zero), full(ctx, dtype, {}, -1.0)));
}

std::vector<Tensor> composite(Context& ctx, std::span<const Tensor> in, const LinearCrossEntropy::Attrs& attrs) {
  const DType wide = accumulator_dtype(in[0].dtype());
  const double smoothing = double{attrs.label_smoothing}, vocabulary = static_cast<double>(attrs.head->rows());
  const Tensor x = cast(ctx, in[0], wide);
  const Tensor counted = counted_rows(ctx, in[1], wide);
  const Tensor ids = maximum(ctx, in[1], full(ctx, DType::i32, {}, 0.0));
  const Tensor target_rows = embedding(ctx, attrs.head, ids, wide);  // [N, D]: the weights behind the target logits

  const Tensor logits = linear(ctx, x, attrs.head);
  const Tensor shifted = sub(ctx, logits, max(ctx, logits, {-1}));
  const Tensor target = sub(ctx, sum(ctx, mul(ctx, x, target_rows), {-1}), max(ctx, logits, {-1}));
  const Tensor weights = exp(ctx, shifted);
  const Tensor total = sum(ctx, weights, {-1});
  const Tensor expected =
      add(ctx, scale(ctx, target, 1.0 - smoothing), scale(ctx, sum(ctx, shifted, {-1}), smoothing / vocabulary));
  const Tensor rows = mul(ctx, sub(ctx, log(ctx, total), expected), counted);
  std::vector<Tensor> out = {sum_all(ctx, rows), reshape(ctx, rows, {x.dim(0)})};
  if (attrs.want_dx) {
    // d row / d logits = softmax - (1 - s) onehot - s / V, and each of the three has its product with the head.
    const Tensor head_mean = sum(ctx, dequantize_weight(ctx, attrs.head, wide), {0});
    const Tensor softmax_part = linear_transposed(ctx, div(ctx, weights, total), attrs.head);
    const Tensor target_part =
        add(ctx, scale(ctx, target_rows, 1.0 - smoothing), scale(ctx, head_mean, smoothing / vocabulary));
    out.push_back(mul(ctx, sub(ctx, softmax_part, target_part), counted));
  }
  return out;
}

Saved saves(uint32_t, const LinearCrossEntropy::Attrs&) {
  return {.outputs = 4};
}

std::vector<Tensor> vjp(Context& ctx, const VjpArgs<LinearCrossEntropy::Attrs>& args) {
  return {cast(ctx, mul(ctx, args.outputs[2], args.grads[0]), args.specs[0].dtype), Tensor()};
}

constexpr OpRule<LinearCrossEntropy> kLinearCrossEntropy{
    .infer = infer, .composite = composite, .saves = saves, .vjp = vjp, .outputs_without_grad = 6};

}  // namespace

Tensor linear_cross_entropy(Context& ctx, const Tensor& x, const WeightHandle& head, const Tensor& targets,
                            const LinearCrossEntropyAttrs& attrs) {
  return apply(ctx, kLinearCrossEntropy, {x, targets},
               {.head = head,
                .label_smoothing = attrs.label_smoothing,
                .want_dx = ctx.tape() != nullptr && x.requires_grad()})[0];
}

Tensor linear_cross_entropy_rows(Context& ctx, const Tensor& x, const WeightHandle& head, const Tensor& targets,
                                 const LinearCrossEntropyAttrs& attrs) {
  return apply(ctx, kLinearCrossEntropy, {x.detached(), targets},
               {.head = head, .label_smoothing = attrs.label_smoothing, .want_dx = false})[1];
}

}  // namespace temper
