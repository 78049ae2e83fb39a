// Any layout into a contiguous one. A kernel and not the blit engine, which would end the open compute encoder.
#include "device/op_specs/copy.h"

#include "device/metal/placement.h"
#include "device/metal/strided.h"

namespace temper::metal {
namespace {

using specs::Copy;

bool supports_copy(std::span<const TensorSpec> in, const Copy::Attrs&) {
  return fits_kernels(in);
}

void encode_copy_op(Encoder& encoder, Operands in, Operands out, const Copy::Attrs&) {
  metal_encoder(encoder).compute("copy", in, out, {},
                                 [&](ComputeCommands& commands) { encode_strided(commands, in[0], out[0]); });
}

}  // namespace

void register_copy(Placement& placement) {
  placement.add<Copy>({.supports = supports_copy, .encode = encode_copy_op, .takes_strided = true}, "all");
}

}  // namespace temper::metal
