#pragma once

#include <cstring>

#include "device/cpu/stream.h"
#include "device/metal/stream.h"
#include "metal_fixture.h"

// An op that the CPU runs for a Metal stream, whatever the placement table says of real ones.
namespace temper::testing {

/// Copies x's elements into `to` on the CPU, behind the GPU's work on them.
inline void encode_placed(Context& ctx, const Operand& x, const Operand& to) {
  const auto encode = [](Encoder& cpu, Operands in, Operands out) {
    const auto* from = cpu::data_of<const float>(in[0]);
    auto* y = cpu::data_of<float>(out[0]);
    const size_t bytes = in[0].spec.bytes();
    cpu::cpu_encoder(cpu).launch("placed", in, out, [=](ThreadPool&) { std::memcpy(y, from, bytes); });
  };
  metal::metal_encoder(ctx.stream().encoder()).on_cpu("placed", {&x, 1}, {&to, 1}, encode);
}

/// x's elements as a tensor of their own.
inline Tensor placed(Context& ctx, const Tensor& x) {
  const Operand to{ctx.stream().allocate(x.spec().bytes()), spec(x.dtype(), x.shape())};
  encode_placed(ctx, operand(x), to);
  return {to.buffer, to.spec};
}

}  // namespace temper::testing
