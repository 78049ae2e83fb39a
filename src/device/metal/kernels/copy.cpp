// Contiguous tensors are copied by the blit engine; others go to the CPU.
#include "device/op_specs/copy.h"

#include "device/metal/blit.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

using specs::Copy;

bool supports_copy(std::span<const TensorSpec> in, const Copy::Attrs&) {
  return in[0].layout.is_contiguous();
}

void encode_copy_op(Encoder& encoder, Operands in, Operands out, const Copy::Attrs&) {
  metal_encoder(encoder).external("copy", in, out, {},
                                  [&](OpenCommands& commands) { encode_copy(commands, in[0], out[0]); });
}

}  // namespace

void register_copy(Placement& placement) {
  placement.add<Copy>({.supports = supports_copy, .encode = encode_copy_op, .takes_strided = true}, "all");
}

}  // namespace temper::metal
