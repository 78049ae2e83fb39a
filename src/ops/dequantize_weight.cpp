#include "ops/dequantize_weight.h"

#include "device/op_specs/dequantize_weight.h"
#include "ops/op.h"
#include "ops/rules.h"

namespace temper {
namespace {

using specs::DequantizeWeight;

std::vector<TensorSpec> infer(std::span<const TensorSpec>, const DequantizeWeight::Attrs& attrs) {
  require_weight("dequantize_weight", attrs.weight);
  const TensorSpec out = spec(attrs.dtype, {attrs.weight->rows(), attrs.weight->columns()});
  require_floating("dequantize_weight", out);
  return {out};
}

constexpr OpRule<DequantizeWeight> kDequantizeWeight{.infer = infer};

}  // namespace

Tensor dequantize_weight(Context& ctx, const WeightHandle& weight, DType dtype) {
  return apply_one(ctx, kDequantizeWeight, {}, {.weight = weight, .dtype = dtype});
}

}  // namespace temper
