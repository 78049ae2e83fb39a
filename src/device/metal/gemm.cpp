#include "device/metal/gemm.h"

#include "base/fail.h"
#include "device/metal/dimensions.h"
#include "device/metal/stored_type.h"

namespace temper::metal {
namespace {

#include "device/metal/parameters/gemm.h"

constexpr int64_t kGemvRows = 4;     // kMostRows of gemv.metal
constexpr int64_t kGemvResults = 4;  // SIMD-groups of a threadgroup

void set_strides(int32_t (&to)[2], const GemmMatrix& matrix) {
  to[0] = static_cast<int32_t>(matrix.row_stride);
  to[1] = static_cast<int32_t>(matrix.column_stride);
}

bool is_turned(const GemmMatrix& matrix) {
  return matrix.row_stride == 1 && matrix.column_stride != 1;
}

int32_t stored_type(const GemmMatrix& matrix) {
  return matrix.weight ? metal::stored_type(*matrix.weight) : metal::stored_type(matrix.operand.dtype());
}

/// A stack on the left of one matrix is that matrix's product with all of its rows.
Gemm with_folded_batch(Gemm gemm) {
  const Layout& left = gemm.left.batch;
  const Shape& batch = left.shape;
  int64_t expected = gemm.left.rows * gemm.left.row_stride;
  for (int d = batch.rank() - 1; d >= 0; --d) {
    const auto at = static_cast<size_t>(d);
    if (batch[d] == 1) continue;
    if (left.strides[at] != expected || gemm.right.batch.strides[at] != 0) return gemm;
    expected *= batch[d];
  }
  gemm.left.rows *= batch.elements();
  gemm.left.batch = gemm.right.batch = {};
  return gemm;
}

}  // namespace

GemmMatrix gemm_matrix(const Operand& operand, int64_t rows, int64_t columns) {
  TEMPER_ASSERT(operand.elements() == rows * columns);
  return {.operand = operand, .rows = rows, .columns = columns, .row_stride = columns};
}

GemmMatrix gemm_matrix(const WeightRows& weight) {
  return {.operand = weight.operand,
          .rows = weight.rows,
          .columns = weight.columns,
          .row_stride = weight.row_stride(),
          .weight = weight.type};
}

GemmMatrix gemm_matrix(const Operand& operand, const Shape& batch) {
  const Layout& layout = operand.spec.layout;
  const auto rank = static_cast<size_t>(layout.shape.rank());
  Layout leading;
  leading.shape = Shape(layout.shape.extents().first(rank - 2));
  for (size_t d = 0; d + 2 < rank; ++d) leading.strides[d] = layout.strides[d];
  return {.operand = operand,
          .rows = layout.shape[-2],
          .columns = layout.shape[-1],
          .row_stride = layout.strides[rank - 2],
          .column_stride = layout.strides[rank - 1],
          .batch = leading.broadcast_to(batch)};
}

void encode_gemm(ComputeCommands& commands, const Gemm& stacked) {
  const Gemm gemm = with_folded_batch(stacked);
  const GemmMatrix &left = gemm.left, &right = gemm.right;
  const int64_t m = left.rows, n = right.columns, count = left.batch.shape.elements();
  TEMPER_ASSERT(left.columns == right.rows && gemm.result.elements() == count * m * n);
  TEMPER_ASSERT(!gemm.addend.defined() || gemm.addend.dtype() == gemm.result.dtype());
  TEMPER_ASSERT(gemm.left2.has_value() == gemm.right2.has_value());
  if (gemm.result.elements() == 0) return;
  GemmParameters parameters{};
  parameters.m = static_cast<uint32_t>(m);
  parameters.n = static_cast<uint32_t>(n);
  parameters.k = static_cast<uint32_t>(left.columns);
  set_strides(parameters.a_strides, left);
  set_strides(parameters.b_strides, right);
  parameters.alpha = gemm.alpha;
  parameters.beta = gemm.beta;
  parameters.batch_rank = CommonDimensions({&left.batch, &right.batch})
                              .write(parameters.batch_extents, {parameters.a_batch, parameters.b_batch});
  const bool has_second = gemm.left2.has_value();
  if (has_second) {
    TEMPER_ASSERT(gemm.left2->operand.dtype() == DType::f32 && gemm.left2->columns == gemm.right2->rows);
    TEMPER_ASSERT(gemm.left2->rows == m && gemm.right2->columns == n && count == 1);
    parameters.k2 = static_cast<uint32_t>(gemm.left2->columns);
    set_strides(parameters.a2_strides, *gemm.left2);
    set_strides(parameters.b2_strides, *gemm.right2);
    parameters.scale2 = gemm.scale2;
  }
  // Few rows of x against rows of a weight or adapter: each result is one sum over a row of either.
  const bool by_rows = m <= kGemvRows && count == 1 && !gemm.addend.defined() && left.column_stride == 1 &&
                       right.row_stride == 1 && (!has_second || gemm.right2->row_stride == 1);
  const bool is_large = m > 32 && n > 32;
  const int64_t tile = is_large ? 64 : 32;
  commands.kernel({by_rows ? "gemv" : "gemm",
                   by_rows    ? "gemv"
                   : is_large ? "gemm_64"
                              : "gemm_32",
                   {{0, stored_type(left)},
                    {1, stored_type(right)},
                    {2, metal::stored_type(gemm.result.dtype())},
                    {3, has_second ? stored_type(*gemm.right2) : 0},
                    {4, is_turned(left)},
                    {5, is_turned(right)},
                    {6, gemm.addend.defined()},
                    {7, has_second},
                    {8, has_second && is_turned(*gemm.right2)}}});
  commands.read(0, left.operand);
  if (right.weight)
    commands.weight(1, right.operand);
  else
    commands.read(1, right.operand);
  commands.read(2, gemm.addend);
  commands.write(3, gemm.result);
  commands.read(4, has_second ? gemm.left2->operand : Operand{});
  commands.read(5, has_second ? gemm.right2->operand : Operand{});
  commands.value(6, parameters);
  if (by_rows)
    commands.dispatch_groups({(n + kGemvResults - 1) / kGemvResults}, {32 * kGemvResults});
  else
    commands.dispatch_groups({(n + tile - 1) / tile, (m + tile - 1) / tile, count}, {128});
}

}  // namespace temper::metal
