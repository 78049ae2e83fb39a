#include "ops/reduce.h"

#include "device/op_specs/reduce.h"
#include "ops/op.h"
#include "ops/view.h"

namespace temper {
namespace {

using specs::Reduce;

Shape reduced_shape(const Shape& shape, uint32_t dimensions) {
  Shape result = shape;
  for (int d = 0; d < shape.rank(); ++d)
    if ((dimensions >> d) & 1u) result.set(d, 1);
  return result;
}

constexpr OpRule<Reduce> kSum{
    .infer = [](std::span<const TensorSpec> in, const Reduce::Attrs& attrs) -> std::vector<TensorSpec> {
      if (!is_floating(in[0].dtype))
        fail(ErrorCode::dtype_mismatch, "reduce: {} is not a floating type", to_string(in[0]));
      return {spec(in[0].dtype, reduced_shape(in[0].shape(), attrs.dimensions))};
    },
    .vjp = [](Context& ctx, const VjpArgs<Reduce::Attrs>& args) -> std::vector<Tensor> {
      return {broadcast_to(ctx, args.grads[0], args.specs[0].shape())};
    },
};

constexpr OpRule<Reduce> kMax{.infer = kSum.infer};

uint32_t mask_of(const Tensor& x, std::initializer_list<int> dimensions, std::string_view op) {
  uint32_t mask = 0;
  for (const int dimension : dimensions) {
    const int d = dimension < 0 ? dimension + x.rank() : dimension;
    if (d < 0 || d >= x.rank())
      fail(ErrorCode::shape_mismatch, "{}: dimension {} of {} does not exist", op, dimension, to_string(x));
    mask |= 1u << d;
  }
  return mask;
}

}  // namespace

Tensor sum(Context& ctx, const Tensor& x, std::initializer_list<int> dimensions) {
  return apply_one(ctx, kSum, {x}, {.kind = Reduce::Kind::sum, .dimensions = mask_of(x, dimensions, "sum")});
}

Tensor sum_all(Context& ctx, const Tensor& x) {
  const uint32_t all = (1u << x.rank()) - 1u;
  return reshape(ctx, apply_one(ctx, kSum, {x}, {.kind = Reduce::Kind::sum, .dimensions = all}), {});
}

Tensor max(Context& ctx, const Tensor& x, std::initializer_list<int> dimensions) {
  return apply_one(ctx, kMax, {x}, {.kind = Reduce::Kind::max, .dimensions = mask_of(x, dimensions, "max")});
}

Tensor sum_to(Context& ctx, const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  const int extra = x.rank() - shape.rank();
  uint32_t mask = 0;
  for (int d = 0; d < x.rank(); ++d)
    if (d < extra || (shape[d - extra] == 1 && x.dim(d) != 1)) mask |= 1u << d;
  const Tensor summed = apply_one(ctx, kSum, {x}, {.kind = Reduce::Kind::sum, .dimensions = mask});
  return reshape(ctx, summed, shape);
}

}  // namespace temper
