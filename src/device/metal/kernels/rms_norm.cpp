#include "device/op_specs/rms_norm.h"

#include <fmt/format.h>

#include "device/metal/compute.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

#include "device/metal/parameters/rows.h"

using specs::RmsNorm;
using specs::RmsNormBackward;

constexpr int64_t kRmsGradRows = 32;  // kGradRows of rms_norm.metal

std::string types_of(const Operand& x, const Operand& weight) {
  return fmt::format("{}_{}", kernel_type(x.dtype()), kernel_type(weight.dtype()));
}

void encode_rms_norm(Encoder& encoder, Operands in, Operands out, const RmsNorm::Attrs& attrs) {
  const int64_t d = in[0].dim(-1), rows = d ? in[0].elements() / d : 0;
  metal_encoder(encoder).compute("rms_norm", in, out, {}, [&](ComputeCommands& commands) {
    commands.kernel({"rms_norm", "rms_norm_" + types_of(in[0], in[1])});
    commands.read(0, in[0]);
    commands.read(1, in[1]);
    commands.write(2, out[0]);
    commands.write(3, out[1]);
    commands.value(4, RowParameters{static_cast<uint32_t>(d), static_cast<uint32_t>(rows), attrs.eps});
    commands.dispatch_groups({rows}, {row_threads(d)});
  });
}

void encode_rms_norm_backward(Encoder& encoder, Operands in, Operands out, const RmsNormBackward::Attrs& attrs) {
  const int64_t d = in[1].dim(-1), rows = d ? in[1].elements() / d : 0;
  const int64_t blocks = (rows + kRmsGradRows - 1) / kRmsGradRows;
  MetalEncoder& metal = metal_encoder(encoder);
  const Operand partial = attrs.want_weight_grad ? metal.scratch(DType::f32, {blocks, d}) : Operand{};
  metal.compute("rms_norm_backward", in, out, {&partial, 1}, [&](ComputeCommands& commands) {
    const RowParameters parameters{static_cast<uint32_t>(d), static_cast<uint32_t>(rows), 0.0f};
    commands.kernel({"rms_norm", "rms_norm_backward_" + types_of(in[1], in[2])});
    for (int i = 0; i < 4; ++i) commands.read(i, in[static_cast<size_t>(i)]);
    commands.write(4, out[0]);
    commands.value(5, parameters);
    commands.dispatch_groups({rows}, {row_threads(d)});
    if (!attrs.want_weight_grad) return;
    commands.kernel({"rms_norm", fmt::format("rms_norm_weight_grad_{}", kernel_type(in[1].dtype()))});
    commands.read(0, in[0]);
    commands.read(1, in[1]);
    commands.read(2, in[3]);
    commands.write(3, partial);
    commands.value(4, parameters);
    commands.dispatch_threads({d, blocks}, {64});
    commands.barrier();
    commands.kernel({"row_sums", "row_sums"});
    commands.read(0, partial);
    commands.write(1, out[1]);
    commands.value(2, RowParameters{static_cast<uint32_t>(d), static_cast<uint32_t>(blocks), 0.0f});
    commands.dispatch_threads({d}, {64});
  });
}

bool supports_rms_norm_backward(std::span<const TensorSpec> in, const RmsNormBackward::Attrs&) {
  return is_kernel_float(in[1].dtype) && fits_kernels(in);
}

}  // namespace

void register_rms_norm(Placement& placement) {
  placement.add<RmsNorm>({.supports = takes_floats<RmsNorm>, .encode = encode_rms_norm}, "f32 f16 bf16");
  placement.add<RmsNormBackward>({.supports = supports_rms_norm_backward, .encode = encode_rms_norm_backward},
                                 "f32 f16 bf16");
}

}  // namespace temper::metal
