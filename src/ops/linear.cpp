#include "ops/linear.h"

#include "device/op_specs/linear.h"
#include "ops/dequantize_weight.h"
#include "ops/matmul.h"
#include "ops/op.h"
#include "ops/rules.h"

namespace temper {
namespace {

using specs::Linear;

std::vector<TensorSpec> infer(std::span<const TensorSpec> in, const Linear::Attrs& attrs) {
  require_weight("linear", attrs.weight);
  require_floating("linear", in[0]);
  const int64_t from = attrs.transposed ? attrs.weight->rows() : attrs.weight->columns();
  const int64_t to = attrs.transposed ? attrs.weight->columns() : attrs.weight->rows();
  if (in[0].shape().rank() < 1 || in[0].shape()[-1] != from)
    fail(ErrorCode::shape_mismatch, "linear: x {} with {}{}: the last dimension must be {}", to_string(in[0]),
         describe_weight(attrs.weight), attrs.transposed ? " transposed" : "", from);
  return {spec(in[0].dtype, with_last(in[0].shape(), to))};
}

std::vector<Tensor> composite(Context& ctx, std::span<const Tensor> in, const Linear::Attrs& attrs) {
  const Tensor weight = dequantize_weight(ctx, attrs.weight, in[0].dtype());
  const Tensor y = matmul(ctx, as_matrix(ctx, in[0]), weight, {.trans_b = !attrs.transposed});
  return {reshape(ctx, y, with_last(in[0].shape(), y.dim(-1)))};
}

std::vector<Tensor> vjp(Context& ctx, const VjpArgs<Linear::Attrs>& args) {
  const WeightHandle& weight = args.attrs.weight;
  return {args.attrs.transposed ? linear(ctx, args.grads[0], weight) : linear_transposed(ctx, args.grads[0], weight)};
}

constexpr OpRule<Linear> kLinear{.infer = infer, .composite = composite, .vjp = vjp};

}  // namespace

Tensor linear(Context& ctx, const Tensor& x, const WeightHandle& weight) {
  return apply_one(ctx, kLinear, {x}, {.weight = weight});
}

Tensor linear_transposed(Context& ctx, const Tensor& x, const WeightHandle& weight) {
  return apply_one(ctx, kLinear, {x}, {.weight = weight, .transposed = true});
}

}  // namespace temper
