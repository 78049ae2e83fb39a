#include "device/op_specs/rope.h"

#include <fmt/format.h>

#include "device/metal/compute.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

#include "device/metal/parameters/rope.h"

using specs::Rope;

void encode_rope(Encoder& encoder, Operands in, Operands out, const Rope::Attrs& attrs) {
  const int64_t tokens = in[0].dim(0), heads = in[0].dim(1), pairs = in[0].dim(2) / 2;
  const RopeParameters parameters{static_cast<uint32_t>(heads), static_cast<uint32_t>(pairs), attrs.attention_scale,
                                  attrs.inverse ? -1.0f : 1.0f};
  metal_encoder(encoder).compute("rope", in, out, {}, [&](ComputeCommands& commands) {
    commands.kernel({"rope", fmt::format("rope_{}", kernel_type(in[0].dtype()))});
    for (int i = 0; i < 3; ++i) commands.read(i, in[static_cast<size_t>(i)]);
    commands.write(3, out[0]);
    commands.value(4, parameters);
    commands.dispatch_threads({pairs, heads > 0 ? tokens : 0}, {32, 4});
  });
}

}  // namespace

void register_rope(Placement& placement) {
  placement.add<Rope>({.supports = takes_floats<Rope>, .encode = encode_rope, .in_place_input = 0}, "f32 f16 bf16");
}

}  // namespace temper::metal
