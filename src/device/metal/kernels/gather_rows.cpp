#include "device/op_specs/gather_rows.h"

#include <fmt/format.h>

#include "device/metal/compute.h"
#include "device/metal/filled.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

#include "device/metal/parameters/gather_rows.h"

using specs::GatherRows;
using specs::ScatterAddRows;

constexpr int64_t kGatherPerThread = 4;  // kPerThread of kernels/shared/types.h

int64_t row_elements(const Shape& shape) {
  int64_t n = 1;
  for (int d = 1; d < shape.rank(); ++d) n *= shape[d];
  return n;
}

/// The kernel `name` but for its first argument, which is what rows are gathered from.
void encode_gathering(ComputeCommands& commands, std::string name, const Operand& ids, const Operand& y,
                      const GatherParameters& parameters) {
  commands.kernel({"gather_rows", std::move(name)});
  commands.read(1, ids);
  commands.write(2, y);
  commands.value(3, parameters);
  commands.faults(4);
}

Grid gather_grid(const GatherParameters& parameters) {
  return {(parameters.columns + kGatherPerThread - 1) / kGatherPerThread, parameters.ids};
}

bool supports_gather_rows(std::span<const TensorSpec> in, const GatherRows::Attrs&) {
  return fits_kernels(in);
}

void encode_gather_rows(Encoder& encoder, Operands in, Operands out, const GatherRows::Attrs&) {
  const GatherParameters parameters{static_cast<uint32_t>(in[1].dim(0)), static_cast<uint32_t>(in[0].dim(0)),
                                    static_cast<uint32_t>(row_elements(in[0].shape()))};
  const auto encode = [&](ComputeCommands& commands) {
    encode_gathering(commands, fmt::format("gather_rows_{}", size_of(in[0].dtype())), in[1], out[0], parameters);
    commands.read(0, in[0]);
    commands.dispatch_threads(gather_grid(parameters), {64, 4});
  };
  metal_encoder(encoder).compute("gather_rows", in, out, {}, encode, {fault_messages::row_id(in[0].dim(0))});
}

bool supports_scatter_add_rows(std::span<const TensorSpec> in, const ScatterAddRows::Attrs& attrs) {
  return is_kernel_float(in[0].dtype) && fits_kernels(in) && attrs.rows < int64_t{1} << 31;
}

void encode_scatter_add_rows(Encoder& encoder, Operands in, Operands out, const ScatterAddRows::Attrs& attrs) {
  const GatherParameters parameters{static_cast<uint32_t>(in[1].dim(0)), static_cast<uint32_t>(attrs.rows),
                                    static_cast<uint32_t>(row_elements(in[0].shape()))};
  const auto encode = [&](ComputeCommands& commands) {
    encode_filled(commands, out[0], 0.0);
    commands.barrier();
    encode_gathering(commands, fmt::format("scatter_add_rows_{}", kernel_type(in[0].dtype())), in[1], out[0],
                     parameters);
    commands.read(0, in[0]);
    commands.dispatch_groups({parameters.ids}, {row_threads(parameters.columns)});
  };
  metal_encoder(encoder).compute("scatter_add_rows", in, out, {}, encode, {fault_messages::row_id(attrs.rows)});
}

}  // namespace

void register_gather_rows(Placement& placement) {
  placement.add<GatherRows>({.supports = supports_gather_rows, .encode = encode_gather_rows}, "all");
  placement.add<ScatterAddRows>({.supports = supports_scatter_add_rows, .encode = encode_scatter_add_rows},
                                "f32 f16 bf16");
}

}  // namespace temper::metal
