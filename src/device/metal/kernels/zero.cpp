// A state of zeros by the blit engine.
#include "device/metal/blit.h"
#include "device/metal/placement.h"
#include "device/op_specs/accumulate.h"

namespace temper::metal {
namespace {

using specs::Zero;

void encode_zero(Encoder& encoder, Operands in, Operands out, const Zero::Attrs&) {
  metal_encoder(encoder).external("zero_", in, out, {},
                                  [&](OpenCommands& commands) { encode_fill(commands, out[0], 0); });
}

}  // namespace

void register_zero(Placement& placement) {
  placement.add<Zero>({.encode = encode_zero}, "all");
}

}  // namespace temper::metal
