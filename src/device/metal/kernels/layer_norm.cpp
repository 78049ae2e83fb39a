#include "device/op_specs/layer_norm.h"

#include <fmt/format.h>

#include "device/metal/compute.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

#include "device/metal/parameters/rows.h"

using specs::LayerNorm;
using specs::LayerNormBackward;

constexpr int64_t kLayerGradRows = 32;  // kGradRows of layer_norm.metal

std::string layer_norm_types(const Operand& x, const Operand& weight) {
  return fmt::format("{}_{}", kernel_type(x.dtype()), kernel_type(weight.dtype()));
}

void encode_layer_norm(Encoder& encoder, Operands in, Operands out, const LayerNorm::Attrs& attrs) {
  const int64_t d = in[0].dim(-1), rows = d ? in[0].elements() / d : 0;
  metal_encoder(encoder).compute("layer_norm", in, out, {}, [&](ComputeCommands& commands) {
    commands.kernel({"layer_norm", "layer_norm_" + layer_norm_types(in[0], in[1])});
    for (int i = 0; i < 3; ++i) commands.read(i, in[static_cast<size_t>(i)]);
    for (int i = 0; i < 3; ++i) commands.write(3 + i, out[static_cast<size_t>(i)]);
    commands.value(6, RowParameters{static_cast<uint32_t>(d), static_cast<uint32_t>(rows), attrs.eps});
    commands.dispatch_groups({rows}, {row_threads(d)});
  });
}

void encode_layer_norm_backward(Encoder& encoder, Operands in, Operands out, const LayerNormBackward::Attrs& attrs) {
  const int64_t d = in[1].dim(-1), rows = d ? in[1].elements() / d : 0;
  const int64_t blocks = (rows + kLayerGradRows - 1) / kLayerGradRows;
  MetalEncoder& metal = metal_encoder(encoder);
  const Operand partial = attrs.want_weight_grad ? metal.scratch(DType::f32, {blocks, 2, d}) : Operand{};
  metal.compute("layer_norm_backward", in, out, {&partial, 1}, [&](ComputeCommands& commands) {
    const RowParameters parameters{static_cast<uint32_t>(d), static_cast<uint32_t>(rows), 0.0f};
    commands.kernel({"layer_norm", "layer_norm_backward_" + layer_norm_types(in[1], in[2])});
    for (int i = 0; i < 5; ++i) commands.read(i, in[static_cast<size_t>(i)]);
    commands.write(5, out[0]);
    commands.value(6, parameters);
    commands.dispatch_groups({rows}, {row_threads(d)});
    if (!attrs.want_weight_grad) return;
    commands.kernel({"layer_norm", fmt::format("layer_norm_weight_grad_{}", kernel_type(in[1].dtype()))});
    commands.read(0, in[0]);
    commands.read(1, in[1]);
    commands.read(2, in[3]);
    commands.read(3, in[4]);
    commands.write(4, partial);
    commands.value(5, parameters);
    commands.dispatch_threads({d, blocks}, {64});
    commands.barrier();
    commands.kernel({"layer_norm", "layer_norm_weight_grad_total"});
    commands.read(0, partial);
    commands.write(1, out[1]);
    commands.write(2, out[2]);
    commands.value(3, RowParameters{static_cast<uint32_t>(d), static_cast<uint32_t>(blocks), 0.0f});
    commands.dispatch_threads({d}, {64});
  });
}

bool supports_layer_norm_backward(std::span<const TensorSpec> in, const LayerNormBackward::Attrs&) {
  return is_kernel_float(in[1].dtype) && fits_kernels(in);
}

}  // namespace

void register_layer_norm(Placement& placement) {
  placement.add<LayerNorm>({.supports = takes_floats<LayerNorm>, .encode = encode_layer_norm}, "f32 f16 bf16");
  placement.add<LayerNormBackward>({.supports = supports_layer_norm_backward, .encode = encode_layer_norm_backward},
                                   "f32 f16 bf16");
}

}  // namespace temper::metal
