#include "device/metal/compute.h"
#include "device/metal/placement.h"
#include "device/metal/stored_type.h"
#include "device/op_specs/dequantize_weight.h"
#include "device/op_specs/embedding.h"

namespace temper::metal {
namespace {

#include "device/metal/parameters/weight_rows.h"

using specs::DequantizeWeight;
using specs::Embedding;

/// Rows of the weight that `ids` name, or all of them, into y.
void encode_weight_rows(ComputeCommands& commands, const WeightHandle& handle, const Operand& ids, const Operand& y) {
  const WeightRows weight = weight_rows(handle);
  const WeightRowsParameters parameters{static_cast<uint32_t>(weight.rows), static_cast<uint32_t>(weight.columns),
                                        static_cast<uint32_t>(weight.row_stride())};
  commands.kernel(
      {"weight_rows", "weight_rows", {{0, stored_type(weight.type)}, {1, stored_type(y.dtype())}, {2, ids.defined()}}});
  commands.weight(0, weight.operand);
  commands.read(1, ids);
  commands.write(2, y);
  commands.value(3, parameters);
  commands.faults(4);
  constexpr int64_t run = 16;
  commands.dispatch_threads({(weight.columns + run - 1) / run, y.dim(0)}, {32, 4});
}

bool supports_embedding(std::span<const TensorSpec> in, const Embedding::Attrs& attrs) {
  return is_kernel_float(attrs.dtype) && fits_kernels(in) && fits_kernels(attrs.table);
}

void encode_embedding(Encoder& encoder, Operands in, Operands out, const Embedding::Attrs& attrs) {
  const auto encode = [&](ComputeCommands& commands) { encode_weight_rows(commands, attrs.table, in[0], out[0]); };
  metal_encoder(encoder).compute("embedding", in, out, {}, encode, {fault_messages::embedding(attrs.table->rows())});
}

bool supports_dequantize_weight(std::span<const TensorSpec>, const DequantizeWeight::Attrs& attrs) {
  return is_kernel_float(attrs.dtype) && fits_kernels(attrs.weight);
}

void encode_dequantize_weight(Encoder& encoder, Operands in, Operands out, const DequantizeWeight::Attrs& attrs) {
  const auto encode = [&](ComputeCommands& commands) { encode_weight_rows(commands, attrs.weight, {}, out[0]); };
  // Every row is there, so nothing is ever reported.
  metal_encoder(encoder).compute("dequantize_weight", in, out, {}, encode,
                                 {fault_messages::row_id(attrs.weight->rows())});
}

}  // namespace

void register_weight_rows(Placement& placement) {
  placement.add<Embedding>({.supports = supports_embedding, .encode = encode_embedding}, "f32 f16 bf16");
  placement.add<DequantizeWeight>({.supports = supports_dequantize_weight, .encode = encode_dequantize_weight},
                                  "f32 f16 bf16");
}

}  // namespace temper::metal
