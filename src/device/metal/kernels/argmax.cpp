#include "device/op_specs/argmax.h"

#include <fmt/format.h>

#include "device/metal/compute.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

#include "device/metal/parameters/ranking.h"

using specs::Argmax;

void encode_argmax(Encoder& encoder, Operands in, Operands out, const Argmax::Attrs&) {
  const int64_t columns = in[0].dim(-1), rows = columns ? in[0].elements() / columns : 0;
  const auto encode = [&](ComputeCommands& commands) {
    commands.kernel({"argmax", fmt::format("argmax_{}", kernel_type(in[0].dtype()))});
    commands.read(0, in[0]);
    commands.write(1, out[0]);
    commands.value(2, RankingParameters{static_cast<uint32_t>(columns), 1, 0});
    commands.faults(3);
    commands.dispatch_groups({rows}, {row_threads(columns)});
  };
  metal_encoder(encoder).compute("argmax", in, out, {}, encode, {fault_messages::nan_in_row()});
}

}  // namespace

void register_argmax(Placement& placement) {
  placement.add<Argmax>({.supports = takes_floats<Argmax>, .encode = encode_argmax}, "f32 f16 bf16");
}

}  // namespace temper::metal
