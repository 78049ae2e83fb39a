#include "ops/pad.h"

#include "device/op_specs/pad.h"
#include "ops/op.h"
#include "ops/view.h"

namespace temper {
namespace {

using specs::Pad;

constexpr OpRule<Pad> kPad{
    .infer = [](std::span<const TensorSpec> in, const Pad::Attrs& attrs) -> std::vector<TensorSpec> {
      if (attrs.before < 0 || attrs.after < 0)
        fail(ErrorCode::invalid_argument, "pad: {} zeros before and {} after; neither may be negative", attrs.before,
             attrs.after);
      Shape shape = in[0].shape();
      shape.set(attrs.dimension, shape[attrs.dimension] + attrs.before + attrs.after);
      return {spec(in[0].dtype, shape)};
    },
    .vjp = [](Context& ctx, const VjpArgs<Pad::Attrs>& args) -> std::vector<Tensor> {
      const int d = args.attrs.dimension;
      return {slice(ctx, args.grads[0], d, args.attrs.before, args.attrs.before + args.specs[0].shape()[d])};
    },
};

}  // namespace

Tensor pad(Context& ctx, const Tensor& x, int dimension, int64_t before, int64_t after) {
  const int d = dimension < 0 ? dimension + x.rank() : dimension;
  return apply_one(ctx, kPad, {x}, {.dimension = d, .before = before, .after = after});
}

}  // namespace temper
