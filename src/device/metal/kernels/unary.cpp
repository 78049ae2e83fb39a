#include "device/op_specs/unary.h"

#include <fmt/format.h>

#include "device/metal/compute.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

#include "device/metal/parameters/unary.h"

using specs::Unary;
using specs::UnaryBackward;

UnaryParameters unary_parameters(const Operand& x, const Unary::Attrs& attrs) {
  return {static_cast<uint32_t>(x.elements()), static_cast<float>(attrs.scale), static_cast<float>(attrs.offset)};
}

KernelName unary_kernel(const char* function, const Operand& x, const Unary::Attrs& attrs) {
  return {"unary", fmt::format("{}_{}", function, kernel_type(x.dtype())), {{0, static_cast<int32_t>(attrs.kind)}}};
}

void encode_unary(Encoder& encoder, Operands in, Operands out, const Unary::Attrs& attrs) {
  metal_encoder(encoder).compute("unary", in, out, {}, [&](ComputeCommands& commands) {
    commands.kernel(unary_kernel("unary", in[0], attrs));
    commands.read(0, in[0]);
    commands.write(1, out[0]);
    commands.value(2, unary_parameters(in[0], attrs));
    commands.dispatch_elements(in[0].elements());
  });
}

void encode_unary_backward(Encoder& encoder, Operands in, Operands out, const Unary::Attrs& attrs) {
  metal_encoder(encoder).compute("unary_backward", in, out, {}, [&](ComputeCommands& commands) {
    commands.kernel(unary_kernel("unary_backward", in[1], attrs));
    commands.read(0, in[0]);
    commands.read(1, in[1]);
    commands.write(2, out[0]);
    commands.value(3, unary_parameters(in[1], attrs));
    commands.dispatch_elements(in[1].elements());
  });
}

}  // namespace

void register_unary(Placement& placement) {
  placement.add<Unary>({.supports = takes_floats<Unary>, .encode = encode_unary, .in_place_input = 0}, "f32 f16 bf16");
  placement.add<UnaryBackward>(
      {.supports = takes_floats<UnaryBackward>, .encode = encode_unary_backward, .in_place_input = 0}, "f32 f16 bf16");
}

}  // namespace temper::metal
