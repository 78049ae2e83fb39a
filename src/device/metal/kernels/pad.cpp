// Zeros around x along one dimension: the result is filled, then x is moved into its slice.
#include "device/op_specs/pad.h"

#include "device/metal/filled.h"
#include "device/metal/placement.h"
#include "device/metal/strided.h"

namespace temper::metal {
namespace {

using specs::Pad;

bool supports_pad(std::span<const TensorSpec> in, const Pad::Attrs& attrs) {
  const Shape& shape = in[0].shape();
  const int64_t extent = shape[attrs.dimension], padded = extent + attrs.before + attrs.after;
  return fits_kernels(in) && extent > 0 && shape.elements() / extent * padded < int64_t{1} << 31;
}

void encode_pad(Encoder& encoder, Operands in, Operands out, const Pad::Attrs& attrs) {
  const int64_t extent = in[0].shape()[attrs.dimension];
  Operand middle = out[0];
  middle.spec.layout = middle.spec.layout.sliced(attrs.dimension, attrs.before, attrs.before + extent);
  metal_encoder(encoder).compute("pad", in, out, {}, [&](ComputeCommands& commands) {
    encode_filled(commands, out[0], 0.0);
    commands.barrier();
    encode_strided(commands, in[0], middle);
  });
}

}  // namespace

void register_pad(Placement& placement) {
  placement.add<Pad>({.supports = supports_pad, .encode = encode_pad}, "all");
}

}  // namespace temper::metal
