#include "device/op_specs/reduce.h"

#include <fmt/format.h>

#include "device/metal/compute.h"
#include "device/metal/dimensions.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

#include "device/metal/parameters/reduce.h"

using specs::Reduce;

constexpr int64_t kReduceSimdgroups = 4;

/// The dimensions of a layout that are in the mask, or that are not.
Layout part_of(const Layout& layout, uint32_t mask, bool in_mask) {
  Layout result;
  std::array<int64_t, Shape::kMaxRank> extents{};
  size_t rank = 0;
  for (int d = 0; d < layout.shape.rank(); ++d) {
    if (((mask >> d) & 1u) != (in_mask ? 1u : 0u)) continue;
    result.strides[rank] = layout.strides[static_cast<size_t>(d)];
    extents[rank++] = layout.shape[d];
  }
  result.shape = Shape(std::span(extents.data(), rank));
  return result;
}

void encode_reduce(Encoder& encoder, Operands in, Operands out, const Reduce::Attrs& attrs) {
  const Layout kept = part_of(in[0].spec.layout, attrs.dimensions, false),
               reduced = part_of(in[0].spec.layout, attrs.dimensions, true);
  ReduceParameters parameters{};
  parameters.count = static_cast<uint32_t>(out[0].elements());
  parameters.terms = static_cast<uint32_t>(reduced.shape.elements());
  parameters.kept_rank = CommonDimensions({&kept}).write(parameters.kept_extents, {parameters.kept_strides});
  parameters.reduced_rank =
      CommonDimensions({&reduced}).write(parameters.reduced_extents, {parameters.reduced_strides});
  metal_encoder(encoder).compute("reduce", in, out, {}, [&](ComputeCommands& commands) {
    commands.kernel(
        {"reduce", fmt::format("reduce_{}", kernel_type(in[0].dtype())), {{0, attrs.kind == Reduce::Kind::max}}});
    commands.read(0, in[0]);
    commands.write(1, out[0]);
    commands.value(2, parameters);
    commands.dispatch_groups({(out[0].elements() + kReduceSimdgroups - 1) / kReduceSimdgroups},
                             {32 * kReduceSimdgroups});
  });
}

}  // namespace

void register_reduce(Placement& placement) {
  placement.add<Reduce>({.supports = takes_floats<Reduce>, .encode = encode_reduce, .takes_strided = true},
                        "f32 f16 bf16");
}

}  // namespace temper::metal
