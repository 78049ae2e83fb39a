#include "ops/fill.h"

#include "device/op_specs/fill.h"
#include "ops/op.h"

namespace temper {
namespace {

constexpr OpRule<specs::Fill> kFill{
    .infer = [](std::span<const TensorSpec>, const specs::Fill::Attrs& attrs) -> std::vector<TensorSpec> {
      return {spec(attrs.dtype, attrs.shape)};
    },
};

}  // namespace

Tensor full(Context& ctx, DType dtype, const Shape& shape, double value) {
  return apply_one(ctx, kFill, {}, {.dtype = dtype, .shape = shape, .value = value});
}

}  // namespace temper
