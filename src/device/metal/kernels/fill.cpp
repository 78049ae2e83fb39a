// A tensor of one value.
#include "device/op_specs/fill.h"

#include "device/metal/filled.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

using specs::Fill;

bool supports_fill(std::span<const TensorSpec>, const Fill::Attrs& attrs) {
  return attrs.shape.elements() < int64_t{1} << 31;
}

void encode_fill_op(Encoder& encoder, Operands, Operands out, const Fill::Attrs& attrs) {
  metal_encoder(encoder).compute("fill", {}, out, {},
                                 [&](ComputeCommands& commands) { encode_filled(commands, out[0], attrs.value); });
}

}  // namespace

void register_fill(Placement& placement) {
  placement.add<Fill>({.supports = supports_fill, .encode = encode_fill_op}, "all");
}

}  // namespace temper::metal
