#include "ops/rope.h"

#include "ops/op.h"
#include "ops/rules.h"

namespace temper {
namespace {

using specs::Rope;

std::vector<TensorSpec> infer(std::span<const TensorSpec> in, const Rope::Attrs&) {
  const Shape& x = in[0].shape();
  require_floating("rope", in[0]);
  if (x.rank() != 3 || x[2] % 2 != 0)
    fail(ErrorCode::shape_mismatch, "rope: x {} must be [tokens, heads, an even head size]; reshape?",
         to_string(in[0]));
  require_indices("rope", "positions", in[1], {x[0]});
  if (in[2].dtype != DType::f32 || in[2].shape() != Shape{x[2] / 2})
    fail(ErrorCode::shape_mismatch, "rope: inv_freq {} must be f32[{}], half the head size", to_string(in[2]),
         x[2] / 2);
  return {spec(in[0].dtype, x)};
}

Saved saves(uint32_t, const Rope::Attrs&) {
  return {.inputs = 6};
}

std::vector<Tensor> vjp(Context& ctx, const VjpArgs<Rope::Attrs>& args) {
  RopeAttrs attrs = args.attrs;
  attrs.inverse = !attrs.inverse;
  return {rope(ctx, args.grads[0], args.inputs[1], args.inputs[2], attrs), Tensor(), Tensor()};
}

constexpr OpRule<Rope> kRope{.infer = infer, .saves = saves, .vjp = vjp};

}  // namespace

Tensor rope(Context& ctx, const Tensor& x, const Tensor& positions, const Tensor& inv_freq, const RopeAttrs& attrs) {
  return apply_one(ctx, kRope, {x, positions, inv_freq.detached()}, attrs);
}

}  // namespace temper
