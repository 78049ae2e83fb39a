#include "ops/cast.h"

#include "device/op_specs/cast.h"
#include "ops/op.h"

namespace temper {
namespace {

using specs::Cast;

constexpr OpRule<Cast> kCast{
    .infer = [](std::span<const TensorSpec> in, const Cast::Attrs& attrs) -> std::vector<TensorSpec> {
      if (!is_floating(attrs.to) && is_floating(in[0].dtype))
        fail(ErrorCode::dtype_mismatch, "cast: {} to {}: floating values aren't cast to integers", to_string(in[0]),
             name_of(attrs.to));
      return {spec(attrs.to, in[0].shape())};
    },
    .vjp = [](Context& ctx, const VjpArgs<Cast::Attrs>& args) -> std::vector<Tensor> {
      return {cast(ctx, args.grads[0], args.specs[0].dtype)};
    },
};

}  // namespace

Tensor cast(Context& ctx, const Tensor& x, DType to) {
  return x.dtype() == to ? x : apply_one(ctx, kCast, {x}, {.to = to});
}

}  // namespace temper
