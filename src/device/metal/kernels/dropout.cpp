#include "device/op_specs/dropout.h"

#include <fmt/format.h>

#include "device/metal/compute.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

#include "device/metal/parameters/dropout.h"

using specs::Dropout;

void encode_dropout(Encoder& encoder, Operands in, Operands out, const Dropout::Attrs& attrs) {
  const int64_t n = in[0].elements();
  const DropoutParameters parameters{static_cast<uint32_t>(n), attrs.site, attrs.p, 1.0f / (1.0f - attrs.p)};
  metal_encoder(encoder).compute("dropout", in, out, {}, [&](ComputeCommands& commands) {
    commands.kernel({"dropout", fmt::format("dropout_{}", kernel_type(in[0].dtype()))});
    commands.read(0, in[0]);
    commands.read(1, in[1]);
    commands.write(2, out[0]);
    commands.value(3, parameters);
    commands.dispatch_elements(n);
  });
}

}  // namespace

void register_dropout(Placement& placement) {
  placement.add<Dropout>({.supports = takes_floats<Dropout>, .encode = encode_dropout, .in_place_input = 0},
                         "f32 f16 bf16");
}

}  // namespace temper::metal
