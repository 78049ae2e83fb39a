// Product with a frozen weight by MPSMatrixMultiplication. The weight is dense and of x's type; others go to the CPU.
#include "device/op_specs/linear.h"

#include "device/metal/mps_product.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

using specs::Linear;

bool supports_linear(std::span<const TensorSpec> in, const Linear::Attrs& attrs) {
  const Operand weight = weight_operand(attrs.weight);
  return weight.defined() && weight.dtype() == in[0].dtype;
}

void encode_linear(Encoder& encoder, Operands in, Operands out, const Linear::Attrs& attrs) {
  if (out[0].elements() == 0) return;
  const Operand weight = weight_operand(attrs.weight);
  const Product product{.left = *rows_of(in[0], "x"),
                        .right = *rows_of(weight, attrs.weight->name()),
                        .result = *rows_of(out[0], "y"),
                        .trans_right = !attrs.transposed};
  validate("linear", product);
  MetalEncoder& metal = metal_encoder(encoder);
  const Operand inputs[] = {in[0], weight};
  metal.external("linear", inputs, out, {},
                 [&](OpenCommands& commands) { encode_product(commands, metal.mps(), product); });
}

}  // namespace

void register_linear(Placement& placement) {
  placement.add<Linear>({.supports = supports_linear, .encode = encode_linear}, "f32 f16");
}

}  // namespace temper::metal
