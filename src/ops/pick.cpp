#include "ops/pick.h"

#include "device/op_specs/pick.h"
#include "ops/op.h"

namespace temper {
namespace {

using specs::Pick;
using specs::PickBackward;

constexpr OpRule<PickBackward> kPickBackward{
    .infer = [](std::span<const TensorSpec> in, const PickBackward::Attrs& attrs) -> std::vector<TensorSpec> {
      return {spec(in[0].dtype, {in[0].shape()[0], attrs.columns})};
    },
};

constexpr OpRule<Pick> kPick{
    .infer = [](std::span<const TensorSpec> in, const Pick::Attrs&) -> std::vector<TensorSpec> {
      if (in[0].shape().rank() != 2 || in[1].shape() != Shape{in[0].shape()[0]})
        fail(ErrorCode::shape_mismatch, "pick: x {} with ids {}: x must be [N, V] and ids [N]", to_string(in[0]),
             to_string(in[1]));
      if (!is_floating(in[0].dtype) || in[1].dtype != DType::i32)
        fail(ErrorCode::dtype_mismatch, "pick: x {} with ids {}: x must be floating and ids i32", to_string(in[0]),
             to_string(in[1]));
      return {spec(in[0].dtype, in[1].shape())};
    },
    .saves = [](uint32_t, const Pick::Attrs&) -> Saved { return {.inputs = 0b10}; },
    .vjp = [](Context& ctx, const VjpArgs<Pick::Attrs>& args) -> std::vector<Tensor> {
      return {apply_one(ctx, kPickBackward, {args.grads[0], args.inputs[1]}, {.columns = args.specs[0].shape()[1]}),
              Tensor()};
    },
};

}  // namespace

Tensor pick(Context& ctx, const Tensor& x, const Tensor& ids) {
  return apply_one(ctx, kPick, {x, ids}, {});
}

}  // namespace temper
