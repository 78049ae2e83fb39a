#include "device/op_specs/pick.h"

#include <fmt/format.h>

#include "device/metal/compute.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

#include "device/metal/parameters/rows.h"

using specs::Pick;
using specs::PickBackward;

void encode_pick(Encoder& encoder, Operands in, Operands out, const Pick::Attrs&) {
  const int64_t rows = in[0].dim(0), columns = in[0].dim(1);
  const auto encode = [&](ComputeCommands& commands) {
    commands.kernel({"pick", fmt::format("pick_{}", kernel_type(in[0].dtype()))});
    commands.read(0, in[0]);
    commands.read(1, in[1]);
    commands.write(2, out[0]);
    commands.value(3, RowParameters{static_cast<uint32_t>(columns), static_cast<uint32_t>(rows), 0.0f});
    commands.faults(4);
    commands.dispatch_threads({rows}, {64});
  };
  metal_encoder(encoder).compute("pick", in, out, {}, encode, {fault_messages::pick(columns)});
}

bool supports_pick_backward(std::span<const TensorSpec> in, const PickBackward::Attrs& attrs) {
  return is_kernel_float(in[0].dtype) && fits_kernels(in) && attrs.columns < int64_t{1} << 31;
}

void encode_pick_backward(Encoder& encoder, Operands in, Operands out, const PickBackward::Attrs& attrs) {
  const int64_t rows = in[0].dim(0), columns = attrs.columns;
  const auto encode = [&](ComputeCommands& commands) {
    commands.kernel({"pick", fmt::format("pick_backward_{}", kernel_type(in[0].dtype()))});
    commands.read(0, in[0]);
    commands.read(1, in[1]);
    commands.write(2, out[0]);
    commands.value(3, RowParameters{static_cast<uint32_t>(columns), static_cast<uint32_t>(rows), 0.0f});
    commands.faults(4);
    commands.dispatch_threads({(columns + 3) / 4, rows}, {64, 4});
  };
  metal_encoder(encoder).compute("pick_backward", in, out, {}, encode, {fault_messages::pick(columns)});
}

}  // namespace

void register_pick(Placement& placement) {
  placement.add<Pick>({.supports = takes_floats<Pick>, .encode = encode_pick}, "f32 f16 bf16");
  placement.add<PickBackward>({.supports = supports_pick_backward, .encode = encode_pick_backward}, "f32 f16 bf16");
}

}  // namespace temper::metal
