// Conversion between element types, rounding to nearest even.
#include "device/op_specs/cast.h"

#include "device/metal/placement.h"
#include "device/metal/strided.h"

namespace temper::metal {
namespace {

using specs::Cast;

bool supports_cast(std::span<const TensorSpec> in, const Cast::Attrs& attrs) {
  return in[0].dtype != DType::f64 && attrs.to != DType::f64 && fits_kernels(in);
}

void encode_cast(Encoder& encoder, Operands in, Operands out, const Cast::Attrs&) {
  metal_encoder(encoder).compute("cast", in, out, {},
                                 [&](ComputeCommands& commands) { encode_strided(commands, in[0], out[0]); });
}

}  // namespace

void register_cast(Placement& placement) {
  placement.add<Cast>({.supports = supports_cast, .encode = encode_cast}, "all");
}

}  // namespace temper::metal
