#include "ops/copy.h"

#include "device/op_specs/copy.h"
#include "ops/op.h"

namespace temper {
namespace {

using specs::Copy;

constexpr OpRule<Copy> kCopy{
    .infer = [](std::span<const TensorSpec> in, const Copy::Attrs&) -> std::vector<TensorSpec> {
      return {spec(in[0].dtype, in[0].shape())};
    },
    .vjp = [](Context&, const VjpArgs<Copy::Attrs>& args) -> std::vector<Tensor> { return {args.grads[0]}; },
};

}  // namespace

Tensor copy(Context& ctx, const Tensor& x) {
  return apply_one(ctx, kCopy, {x}, {});
}

Tensor contiguous(Context& ctx, const Tensor& x) {
  return x.is_contiguous() ? x : copy(ctx, x);
}

}  // namespace temper
