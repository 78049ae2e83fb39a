#include "device/op_specs/norm.h"

#include <fmt/format.h>

#include "device/metal/compute.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

using specs::SumOfSquares;

constexpr int64_t kSquaresBlock = 4096;  // kBlock of norm.metal
constexpr Grid kSquaresThreads{256};

void encode_sum_of_squares(Encoder& encoder, Operands in, Operands out, const SumOfSquares::Attrs&) {
  const int64_t n = in[0].elements(), blocks = (n + kSquaresBlock - 1) / kSquaresBlock;
  MetalEncoder& metal = metal_encoder(encoder);
  const Operand scratch[] = {metal.scratch(DType::f32, {blocks, 2})};
  metal.compute("sum_of_squares", in, out, scratch, [&](ComputeCommands& commands) {
    if (blocks > 0) {
      commands.kernel({"norm", fmt::format("sum_of_squares_blocks_{}", kernel_type(in[0].dtype()))});
      commands.read(0, in[0]);
      commands.write(1, scratch[0]);
      commands.value(2, static_cast<uint32_t>(n));
      commands.dispatch_groups({blocks}, kSquaresThreads);
      commands.barrier();
    }
    commands.kernel({"norm", "sum_of_squares"});
    commands.read(0, scratch[0]);
    commands.write(1, out[0]);
    commands.value(2, static_cast<uint32_t>(blocks));
    commands.dispatch_groups({1}, kSquaresThreads);
  });
}

}  // namespace

void register_norm(Placement& placement) {
  placement.add<SumOfSquares>({.supports = takes_floats<SumOfSquares>, .encode = encode_sum_of_squares},
                              "f32 f16 bf16");
}

}  // namespace temper::metal
