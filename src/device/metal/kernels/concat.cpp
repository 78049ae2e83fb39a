// Tensors one after the other along a dimension: each is moved into its slice of the result.
#include "device/op_specs/concat.h"

#include <utility>

#include "device/metal/placement.h"
#include "device/metal/strided.h"

namespace temper::metal {
namespace {

using specs::Concat;

bool supports_concat(std::span<const TensorSpec> in, const Concat::Attrs&) {
  int64_t elements = 0;
  for (const TensorSpec& spec : in) elements += spec.layout.shape.elements();
  return fits_kernels(in) && elements < int64_t{1} << 31;
}

void encode_concat(Encoder& encoder, Operands in, Operands out, const Concat::Attrs& attrs) {
  metal_encoder(encoder).compute("concat", in, out, {}, [&](ComputeCommands& commands) {
    int64_t begin = 0;
    bool before = false;
    for (const Operand& part : in) {
      Operand slice = out[0];
      slice.spec.layout = slice.spec.layout.sliced(attrs.dimension, begin, begin + part.shape()[attrs.dimension]);
      begin += part.shape()[attrs.dimension];
      // Slices that interleave are told apart by no byte range.
      if (std::exchange(before, true) && !slice.spec.layout.is_contiguous()) commands.barrier();
      encode_strided(commands, part, slice);
    }
  });
}

}  // namespace

void register_concat(Placement& placement) {
  placement.add<Concat>({.supports = supports_concat, .encode = encode_concat}, "all");
}

}  // namespace temper::metal
