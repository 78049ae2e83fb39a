// Batched product by MPSMatrixMultiplication; a product with one row or one column by MPSMatrixVectorMultiplication.
// Strided operands are read where they lie as long as MPS can express them (rows or columns contiguous). Accuracy is
// MPS's: f32 sums for f32; f16 results are rounded once a part of the sum (mps_product.h).
#include "device/op_specs/matmul.h"

#include "device/metal/blit.h"
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

bool supports_matmul(std::span<const TensorSpec> in, const Matmul::Attrs& attrs) {
  const Shape &a = in[0].shape(), &b = in[1].shape();
  if (!is_mps_type(in[0].dtype) || a[attrs.trans_a ? -2 : -1] == 0) return false;
  const Shape batch = broadcast_shapes(leading_shape(a), leading_shape(b), "matmul");
  return is_stack(in[0].layout, batch) && is_stack(in[1].layout, batch);
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
  MetalEncoder& metal = metal_encoder(encoder);
  metal.external("matmul", in, out, {}, [&](OpenCommands& commands) {
    if (in.size() == 3) encode_copy(commands, in[2], out[0]);
    encode_product(commands, metal.mps(), product);
  });
}

}  // namespace

void register_matmul(Placement& placement) {
  placement.add<Matmul>({.supports = supports_matmul, .encode = encode_matmul, .takes_strided = true}, "f32 f16");
}

}  // namespace temper::metal
