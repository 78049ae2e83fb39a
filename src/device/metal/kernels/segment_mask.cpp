#include "device/op_specs/segment_mask.h"

#include <fmt/format.h>

#include "device/metal/compute.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

#include "device/metal/parameters/segment_mask.h"

using specs::SegmentMask;

bool supports_segment_mask(std::span<const TensorSpec>, const SegmentMask::Attrs& attrs) {
  constexpr int64_t limit = int64_t{1} << 31;
  return is_kernel_float(attrs.dtype) && attrs.queries < limit && attrs.keys < limit && attrs.window < limit;
}

void encode_segment_mask(Encoder& encoder, Operands in, Operands out, const SegmentMask::Attrs& attrs) {
  const SegmentMaskParameters parameters{
      .segments = static_cast<uint32_t>(in[0].dim(0)),
      .queries = static_cast<uint32_t>(attrs.queries),
      .keys = static_cast<uint32_t>(attrs.keys),
      .causal = attrs.causal ? 1u : 0u,
      .window = static_cast<uint32_t>(attrs.window),
  };
  const auto encode = [&](ComputeCommands& commands) {
    commands.kernel({"segment_mask", fmt::format("segment_mask_{}", kernel_type(attrs.dtype))});
    commands.read(0, in[0]);
    commands.write(1, out[0]);
    commands.value(2, parameters);
    commands.faults(3);
    commands.dispatch_threads({attrs.keys, attrs.queries}, {32, 8});
  };
  metal_encoder(encoder).compute("segment_mask", in, out, {}, encode,
                                 {fault_messages::segment(attrs.queries, attrs.keys)});
}

}  // namespace

void register_segment_mask(Placement& placement) {
  placement.add<SegmentMask>({.supports = supports_segment_mask, .encode = encode_segment_mask}, "f32 f16 bf16");
}

}  // namespace temper::metal
