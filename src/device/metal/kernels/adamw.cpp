#include "device/op_specs/adamw.h"

#include "device/metal/compute.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

using specs::AdamW;

bool supports_adamw(std::span<const TensorSpec> in, const AdamW::Attrs&) {
  return fits_kernels(in);
}

void encode_adamw(Encoder& encoder, Operands in, Operands out, const AdamW::Attrs&) {
  const int64_t n = in[0].elements();
  metal_encoder(encoder).compute("adamw_", in, out, {}, [&](ComputeCommands& commands) {
    commands.kernel({"adamw", "adamw", {{0, in.size() > 5}}});
    for (int i = 0; i < 3; ++i) commands.write(i, out[static_cast<size_t>(i)]);
    commands.read(3, in[3]);
    commands.read(4, in[4]);
    commands.read(5, in.size() > 5 ? in[5] : Operand{});
    commands.value(6, static_cast<uint32_t>(n));
    commands.dispatch_elements(n);
  });
}

}  // namespace

void register_adamw(Placement& placement) {
  placement.add<AdamW>({.supports = supports_adamw, .encode = encode_adamw}, "f32");
}

}  // namespace temper::metal
