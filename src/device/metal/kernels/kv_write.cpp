#include "device/op_specs/kv_write.h"

#include <fmt/format.h>

#include "device/metal/compute.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

#include "device/metal/parameters/gather_rows.h"

using specs::KvWrite;

bool supports_kv_write(std::span<const TensorSpec> in, const KvWrite::Attrs&) {
  return fits_kernels(in);
}

void encode_kv_write(Encoder& encoder, Operands in, Operands out, const KvWrite::Attrs&) {
  const int64_t count = in[1].dim(0), capacity = in[0].dim(0), columns = in[0].dim(1) * in[0].dim(2);
  const auto encode = [&](ComputeCommands& commands) {
    commands.kernel({"kv_write", fmt::format("kv_write_{}", size_of(in[0].dtype()))});
    commands.write(0, out[0]);
    commands.read(1, in[1]);
    commands.read(2, in[2]);
    commands.value(3, GatherParameters{static_cast<uint32_t>(count), static_cast<uint32_t>(capacity),
                                       static_cast<uint32_t>(columns)});
    commands.faults(4);
    commands.dispatch_threads({(columns + 3) / 4, count}, {64, 4});
  };
  metal_encoder(encoder).compute("kv_write_", in, out, {}, encode, {fault_messages::cache_row(capacity)});
}

}  // namespace

void register_kv_write(Placement& placement) {
  placement.add<KvWrite>({.supports = supports_kv_write, .encode = encode_kv_write}, "all");
}

}  // namespace temper::metal
