// RMS norm put together from MPS pieces, since MPS has no such class: mean squares as one dot product a row, their
// inverse roots by a power activation, then two scalings as products with one term, the second of the transpose.
// Source: Zhang and Sennrich 2019, eq. 4. Six dispatches and 8 times the memory traffic of a fused kernel; every step
// rounds once to f32. f32 only: MPS can't multiply f16 rows by f32 statistics.
#include "device/op_specs/rms_norm.h"

#include "device/metal/mps_product.h"
#include "device/metal/mps_rows.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

using specs::RmsNorm;

bool supports_rms_norm(std::span<const TensorSpec> in, const RmsNorm::Attrs&) {
  return in[0].dtype == DType::f32 && in[1].dtype == DType::f32 && in[0].shape().elements() > 0;
}

/// The rows of a matrix as a stack of matrices of one row.
MatrixStack row_stack(const MatrixStack& matrix) {
  MatrixStack stack = matrix;
  stack.count = matrix.rows;
  stack.rows = 1;
  stack.matrix_bytes = matrix.row_bytes;
  return stack;
}

void encode_rms_norm(Encoder& encoder, Operands in, Operands out, const RmsNorm::Attrs& attrs) {
  MetalEncoder& metal = metal_encoder(encoder);
  const MatrixStack x = *rows_of(in[0], "x"), y = *rows_of(out[0], "y");
  const int64_t rows = x.rows, d = x.columns;
  const Operand scratch[] = {metal.scratch(DType::f32, {rows}), metal.scratch(DType::f32, {d, rows}),
                             metal.scratch(DType::f32, {d, rows})};
  const MatrixStack weight = matrix_of(in[1], "weight", d, 1), inv_rms = matrix_of(out[1], "inv_rms", rows, 1);
  const MatrixStack mean_squares = matrix_of(scratch[0], "mean squares", rows, 1);
  const MatrixStack across = matrix_of(scratch[1], "x transposed", d, rows),
                    scaled = matrix_of(scratch[2], "y transposed", d, rows);

  const Product squares{.left = row_stack(x),
                        .right = row_stack(x),
                        .result = row_stack(mean_squares),
                        .trans_right = true,
                        .alpha = 1.0 / static_cast<double>(d)};
  const Product normalised{.left = row_stack(inv_rms), .right = row_stack(x), .result = row_stack(y)};
  const Product weighted{.left = row_stack(weight), .right = row_stack(across), .result = row_stack(scaled)};
  for (const Product* product : {&squares, &normalised, &weighted}) validate("rms_norm", *product);
  metal.external("rms_norm", in, out, scratch, [&](OpenCommands& commands) {
    encode_product(commands, metal.mps(), squares);
    encode_power(commands, metal.mps(), mean_squares, inv_rms, attrs.eps, -0.5f);
    encode_product(commands, metal.mps(), normalised);
    encode_matrix_copy(commands, metal.mps(), y, across, true);
    encode_product(commands, metal.mps(), weighted);
    encode_matrix_copy(commands, metal.mps(), scaled, y, true);
  });
}

}  // namespace

void register_rms_norm(Placement& placement) {
  placement.add<RmsNorm>({.supports = supports_rms_norm, .encode = encode_rms_norm}, "f32");
}

}  // namespace temper::metal
