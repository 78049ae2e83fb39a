// Batched product by MPSMatrixMultiplication; a product with one row or one column by MPSMatrixVectorMultiplication.
// Strided operands are read where they lie as long as MPS can express them (rows or columns contiguous). Accuracy is
// MPS's: f32 sums for f32; f16 results are rounded once a part of the sum (mps_product.h). What MPS doesn't take (bf16,
// other strides, empty sums), and everything with GemmChoice::own, is multiplied by gemm.metal.
#include "device/op_specs/matmul.h"

#include "device/metal/blit.h"
#include "device/metal/gemm.h"
#include "device/metal/mps_product.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

using specs::Matmul;

bool is_mps_type(DType dtype) {
  return dtype == DType::f32 || dtype == DType::f16;
}

Shape leading_shape(const Shape& shape) {
  return Shape(shape.extents().first(static_cast<size_t>(shape.rank() - 2)));
}

bool mps_takes(const Operand& a, const Operand& b, const Operand& y, const Matmul::Attrs& attrs) {
  const Shape batch = leading_shape(y.shape());
  return is_mps_type(a.dtype()) && a.dim(attrs.trans_a ? -2 : -1) > 0 && is_stack(a.spec.layout, batch) &&
         is_stack(b.spec.layout, batch);
}

bool supports_matmul(std::span<const TensorSpec> in, const Matmul::Attrs&) {
  return is_kernel_float(in[0].dtype) && fits_kernels(in);
}

void encode_own(MetalEncoder& metal, Operands in, Operands out, const Matmul::Attrs& attrs) {
  const Shape batch = leading_shape(out[0].shape());
  const GemmMatrix a = gemm_matrix(in[0], batch), b = gemm_matrix(in[1], batch);
  metal.compute("matmul", in, out, {}, [&](ComputeCommands& commands) {
    encode_gemm(commands, {.left = attrs.trans_a ? a.transposed() : a,
                           .right = attrs.trans_b ? b.transposed() : b,
                           .result = out[0],
                           .addend = in.size() == 3 ? in[2] : Operand{},
                           .alpha = attrs.alpha,
                           .beta = attrs.beta});
  });
}

/// A product whose right side is the same for all matrices is one product with all rows of the left side.
void fold_batch(Product& p) {
  const auto is_dense = [](const MatrixStack& m) { return m.matrix_bytes == m.rows * m.row_bytes; };
  if (p.result.count == 1 || p.right.matrix_bytes != 0 || p.trans_left || !is_dense(p.left) || !is_dense(p.result))
    return;
  for (MatrixStack* m : {&p.left, &p.result}) {
    m->rows *= m->count;
    m->count = 1;
    m->matrix_bytes = m->rows * m->row_bytes;
  }
  p.right.count = 1;
}

void encode_matmul(Encoder& encoder, Operands in, Operands out, const Matmul::Attrs& attrs) {
  if (out[0].elements() == 0) return;
  MetalEncoder& metal = metal_encoder(encoder);
  if (!metal.prefers_mps() || !mps_takes(in[0], in[1], out[0], attrs)) return encode_own(metal, in, out, attrs);
  const Shape batch = leading_shape(out[0].shape());
  const MatrixStack left = stack_of(in[0], "lhs", batch), right = stack_of(in[1], "rhs", batch);
  Product product{.left = left,
                  .right = right,
                  .result = stack_of(out[0], "result", batch),
                  .trans_left = attrs.trans_a != left.transposed,
                  .trans_right = attrs.trans_b != right.transposed,
                  .alpha = double{attrs.alpha},
                  .beta = in.size() == 3 ? double{attrs.beta} : 0.0};
  fold_batch(product);
  validate("matmul", product);
  metal.external("matmul", in, out, {}, [&](OpenCommands& commands) {
    if (in.size() == 3) encode_copy(commands, in[2], out[0]);
    encode_product(commands, metal.mps(), product);
  });
}

}  // namespace

void register_matmul(Placement& placement) {
  placement.add<Matmul>({.supports = supports_matmul, .encode = encode_matmul, .takes_strided = true}, "f32 f16 bf16");
}

}  // namespace temper::metal
