#include "ops/swiglu.h"

#include "device/op_specs/swiglu.h"
#include "ops/binary.h"
#include "ops/cast.h"
#include "ops/op.h"
#include "ops/rules.h"
#include "ops/unary.h"

namespace temper {
namespace {

using specs::Swiglu;
using specs::SwigluBackward;

std::vector<TensorSpec> infer(std::span<const TensorSpec> in, const Swiglu::Attrs&) {
  require_floating("swiglu", in[0]);
  if (in[0].shape() != in[1].shape() || in[0].dtype != in[1].dtype)
    fail(in[0].dtype != in[1].dtype ? ErrorCode::dtype_mismatch : ErrorCode::shape_mismatch,
         "swiglu: gate {} and up {} must agree in shape and type", to_string(in[0]), to_string(in[1]));
  return {spec(in[0].dtype, in[0].shape())};
}

std::vector<Tensor> composite(Context& ctx, std::span<const Tensor> in, const Swiglu::Attrs&) {
  const DType wide = accumulator_dtype(in[0].dtype());
  const Tensor y = mul(ctx, silu(ctx, cast(ctx, in[0], wide)), cast(ctx, in[1], wide));
  return {cast(ctx, y, in[0].dtype())};
}

std::vector<TensorSpec> infer_backward(std::span<const TensorSpec> in, const SwigluBackward::Attrs& attrs) {
  return std::vector<TensorSpec>(size_t{attrs.want_gate} + size_t{attrs.want_up}, spec(in[1].dtype, in[1].shape()));
}

std::vector<Tensor> composite_backward(Context& ctx, std::span<const Tensor> in, const SwigluBackward::Attrs& attrs) {
  const DType wide = accumulator_dtype(in[1].dtype());
  const Tensor dy = cast(ctx, in[0], wide), gate = cast(ctx, in[1], wide), up = cast(ctx, in[2], wide);
  const Tensor s = sigmoid(ctx, gate);
  std::vector<Tensor> out;
  if (attrs.want_gate) {
    // silu'(g) = s (1 + g (1 - s))
    const Tensor slope = mul(ctx, s, affine(ctx, mul(ctx, gate, affine(ctx, s, -1.0, 1.0)), 1.0, 1.0));
    out.push_back(cast(ctx, mul(ctx, mul(ctx, dy, up), slope), in[1].dtype()));
  }
  if (attrs.want_up) out.push_back(cast(ctx, mul(ctx, dy, mul(ctx, gate, s)), in[2].dtype()));
  return out;
}

constexpr OpRule<SwigluBackward> kSwigluBackward{.infer = infer_backward, .composite = composite_backward};

Saved saves(uint32_t, const Swiglu::Attrs&) {
  return {.inputs = 3};
}

std::vector<Tensor> vjp(Context& ctx, const VjpArgs<Swiglu::Attrs>& args) {
  const SwigluBackward::Attrs want{.want_gate = args.needs(0), .want_up = args.needs(1)};
  const auto out = apply(ctx, kSwigluBackward, {args.grads[0], args.inputs[0], args.inputs[1]}, want);
  return {want.want_gate ? out.front() : Tensor(), want.want_up ? out.back() : Tensor()};
}

constexpr OpRule<Swiglu> kSwiglu{.infer = infer, .composite = composite, .saves = saves, .vjp = vjp};

}  // namespace

Tensor swiglu(Context& ctx, const Tensor& gate, const Tensor& up) {
  return apply_one(ctx, kSwiglu, {gate, up}, {});
}

}  // namespace temper
