#include "ops/unary.h"

#include "device/op_specs/unary.h"
#include "ops/op.h"

namespace temper {
namespace {

using specs::Unary;
using specs::UnaryBackward;

std::vector<TensorSpec> same_as_first(std::span<const TensorSpec> in, const Unary::Attrs&) {
  if (!is_floating(in[0].dtype)) fail(ErrorCode::dtype_mismatch, "unary: {} is not a floating type", to_string(in[0]));
  return {spec(in[0].dtype, in[0].shape())};
}

constexpr OpRule<UnaryBackward> kUnaryBackward{.infer = same_as_first};

constexpr OpRule<Unary> kUnary{
    .infer = same_as_first,
    .saves = [](uint32_t, const Unary::Attrs& attrs) -> Saved {
      return {.inputs = attrs.kind == Unary::Kind::affine ? 0u : 1u};
    },
    .vjp = [](Context& ctx, const VjpArgs<Unary::Attrs>& args) -> std::vector<Tensor> {
      if (args.attrs.kind == Unary::Kind::affine) return {scale(ctx, args.grads[0], args.attrs.scale)};
      return {apply_one(ctx, kUnaryBackward, {args.grads[0], args.inputs[0]}, args.attrs)};
    },
};

Tensor unary(Context& ctx, Tensor x, Unary::Kind kind) {
  std::vector<Tensor> inputs;
  inputs.push_back(std::move(x));
  return apply_one(ctx, kUnary, std::move(inputs), {.kind = kind});
}

}  // namespace

Tensor affine(Context& ctx, Tensor x, double scale, double offset) {
  std::vector<Tensor> inputs;
  inputs.push_back(std::move(x));
  return apply_one(ctx, kUnary, std::move(inputs), {.kind = Unary::Kind::affine, .scale = scale, .offset = offset});
}
Tensor exp(Context& ctx, Tensor x) {
  return unary(ctx, std::move(x), Unary::Kind::exp);
}
Tensor log(Context& ctx, Tensor x) {
  return unary(ctx, std::move(x), Unary::Kind::log);
}
Tensor sqrt(Context& ctx, Tensor x) {
  return unary(ctx, std::move(x), Unary::Kind::sqrt);
}
Tensor rsqrt(Context& ctx, Tensor x) {
  return unary(ctx, std::move(x), Unary::Kind::rsqrt);
}
Tensor tanh(Context& ctx, Tensor x) {
  return unary(ctx, std::move(x), Unary::Kind::tanh);
}
Tensor sigmoid(Context& ctx, Tensor x) {
  return unary(ctx, std::move(x), Unary::Kind::sigmoid);
}
Tensor silu(Context& ctx, Tensor x) {
  return unary(ctx, std::move(x), Unary::Kind::silu);
}
Tensor gelu(Context& ctx, Tensor x) {
  return unary(ctx, std::move(x), Unary::Kind::gelu);
}
Tensor gelu_tanh(Context& ctx, Tensor x) {
  return unary(ctx, std::move(x), Unary::Kind::gelu_tanh);
}

}  // namespace temper
