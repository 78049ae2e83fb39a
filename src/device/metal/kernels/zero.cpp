// A state of zeros.
#include "device/metal/filled.h"
#include "device/metal/placement.h"
#include "device/op_specs/accumulate.h"

namespace temper::metal {
namespace {

using specs::Zero;

bool supports_zero(std::span<const TensorSpec> in, const Zero::Attrs&) {
  return fits_kernels(in);
}

void encode_zero(Encoder& encoder, Operands in, Operands out, const Zero::Attrs&) {
  metal_encoder(encoder).compute("zero_", in, out, {},
                                 [&](ComputeCommands& commands) { encode_filled(commands, out[0], 0.0); });
}

}  // namespace

void register_zero(Placement& placement) {
  placement.add<Zero>({.supports = supports_zero, .encode = encode_zero}, "all");
}

}  // namespace temper::metal
