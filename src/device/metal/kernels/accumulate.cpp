#include "device/op_specs/accumulate.h"

#include <fmt/format.h>

#include "device/metal/compute.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

using specs::Accumulate;

bool supports_accumulate(std::span<const TensorSpec> in, const Accumulate::Attrs&) {
  return is_kernel_float(in[1].dtype) && fits_kernels(in);
}

void encode_accumulate(Encoder& encoder, Operands in, Operands out, const Accumulate::Attrs&) {
  const int64_t n = in[1].elements();
  metal_encoder(encoder).compute("accumulate_", in, out, {}, [&](ComputeCommands& commands) {
    commands.kernel({"accumulate", fmt::format("accumulate_{}", kernel_type(in[1].dtype()))});
    commands.write(0, out[0]);
    commands.read(1, in[1]);
    commands.value(2, static_cast<uint32_t>(n));
    commands.dispatch_elements(n);
  });
}

}  // namespace

void register_accumulate(Placement& placement) {
  placement.add<Accumulate>({.supports = supports_accumulate, .encode = encode_accumulate}, "f32 f16 bf16");
}

}  // namespace temper::metal
