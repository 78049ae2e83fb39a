#include "device/op_specs/swiglu.h"

#include <fmt/format.h>

#include "device/metal/compute.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

using specs::Swiglu;
using specs::SwigluBackward;

// Both gradients are constants of the file, so the forward kernel is given them too.
std::vector<FunctionConstant> wanted(bool gate, bool up) {
  return {{0, gate}, {1, up}};
}

void encode_swiglu(Encoder& encoder, Operands in, Operands out, const Swiglu::Attrs&) {
  const int64_t n = in[0].elements();
  metal_encoder(encoder).compute("swiglu", in, out, {}, [&](ComputeCommands& commands) {
    commands.kernel({"swiglu", fmt::format("swiglu_{}", kernel_type(in[0].dtype())), wanted(false, false)});
    commands.read(0, in[0]);
    commands.read(1, in[1]);
    commands.write(2, out[0]);
    commands.value(3, static_cast<uint32_t>(n));
    commands.dispatch_elements(n);
  });
}

void encode_swiglu_backward(Encoder& encoder, Operands in, Operands out, const SwigluBackward::Attrs& attrs) {
  const int64_t n = in[1].elements();
  metal_encoder(encoder).compute("swiglu_backward", in, out, {}, [&](ComputeCommands& commands) {
    commands.kernel({"swiglu", fmt::format("swiglu_backward_{}", kernel_type(in[1].dtype())),
                     wanted(attrs.want_gate, attrs.want_up)});
    for (int i = 0; i < 3; ++i) commands.read(i, in[static_cast<size_t>(i)]);
    commands.write(3, attrs.want_gate ? out[0] : Operand{});
    commands.write(4, attrs.want_up ? out[attrs.want_gate ? 1 : 0] : Operand{});
    commands.value(5, static_cast<uint32_t>(n));
    commands.dispatch_elements(n);
  });
}

}  // namespace

void register_swiglu(Placement& placement) {
  placement.add<Swiglu>({.supports = takes_floats<Swiglu>, .encode = encode_swiglu}, "f32 f16 bf16");
  placement.add<SwigluBackward>({.supports = takes_floats<SwigluBackward>, .encode = encode_swiglu_backward},
                                "f32 f16 bf16");
}

}  // namespace temper::metal
