// Product with a frozen dense weight: by MPSMatrixMultiplication where the weight is of x's type and MPS knows it, else
// by our own kernels, which take weights in blocks too.
#include "device/op_specs/linear.h"

#include "device/metal/gemm.h"
#include "device/metal/mps_product.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

using specs::Linear;

bool supports_linear(std::span<const TensorSpec> in, const Linear::Attrs& attrs) {
  return is_kernel_float(in[0].dtype) && fits_kernels(in) && fits_kernels(attrs.weight);
}

void encode_linear(Encoder& encoder, Operands in, Operands out, const Linear::Attrs& attrs) {
  if (out[0].elements() == 0) return;
  MetalEncoder& metal = metal_encoder(encoder);
  const Operand weight = weight_operand(attrs.weight);
  if (!metal.prefers_mps() || !weight.defined() || weight.dtype() != in[0].dtype() || in[0].dtype() == DType::bf16) {
    const int64_t k = in[0].dim(-1), m = out[0].elements() / out[0].dim(-1);
    const GemmMatrix w = gemm_matrix(weight_rows(attrs.weight));
    metal.compute("linear", in, out, {}, [&](ComputeCommands& commands) {
      encode_gemm(commands,
                  {.left = gemm_matrix(in[0], m, k), .right = attrs.transposed ? w : w.transposed(), .result = out[0]});
    });
    return;
  }
  const Product product{.left = *rows_of(in[0], "x"),
                        .right = *rows_of(weight, attrs.weight->name()),
                        .result = *rows_of(out[0], "y"),
                        .trans_right = !attrs.transposed};
  validate("linear", product);
  const Operand inputs[] = {in[0], weight};
  metal.external("linear", inputs, out, {},
                 [&](OpenCommands& commands) { encode_product(commands, metal.mps(), product); });
}

}  // namespace

void register_linear(Placement& placement) {
  placement.add<Linear>({.supports = supports_linear, .encode = encode_linear}, "f32 f16 bf16");
}

}  // namespace temper::metal
