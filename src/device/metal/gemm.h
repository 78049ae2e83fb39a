#pragma once

#include <array>
#include <optional>
#include <utility>

#include "device/metal/compute.h"
#include "device/metal/weight.h"
#include "temper/shape.h"

namespace temper::metal {

/// A matrix, or a stack of them over the dimensions `batch`, in an operand: [rows, columns] with any strides.
struct GemmMatrix {
  Operand operand;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t row_stride = 0;  ///< in elements, as all strides; in bytes from row to row of a weight in blocks
  int64_t column_stride = 1;
  Layout batch = {};                               ///< extents and strides of the leading dimensions
  std::optional<QuantType> weight = std::nullopt;  ///< of a weight, which isn't among the op's operands

  GemmMatrix transposed() const {
    GemmMatrix other = *this;
    std::swap(other.rows, other.columns);
    std::swap(other.row_stride, other.column_stride);
    return other;
  }
};

/// A contiguous operand of rows x columns elements as one matrix.
GemmMatrix gemm_matrix(const Operand& operand, int64_t rows, int64_t columns);
/// A weight, or rows of it; dense or in blocks.
GemmMatrix gemm_matrix(const WeightRows& weight);
/// The last two dimensions of an operand, over its leading ones broadcast to `batch`.
GemmMatrix gemm_matrix(const Operand& operand, const Shape& batch);

/// result = alpha (left right + scale2 left2 right2) + beta addend, for every matrix of the stacks. All types are f32,
/// f16 or bf16, in any combination, and `right` may be a weight in blocks; sums are f32.
struct Gemm {
  GemmMatrix left;      ///< [m, k]
  GemmMatrix right;     ///< [k, n]
  Operand result;       ///< contiguous [.., m, n]
  Operand addend = {};  ///< of the result's type and layout, or the result itself; undefined: none
  float alpha = 1.0f;
  float beta = 1.0f;
  std::optional<GemmMatrix> left2 = std::nullopt;  ///< f32 [m, k2]; one matrix, not a stack
  std::optional<GemmMatrix> right2 = std::nullopt;
  float scale2 = 1.0f;
};

/// Encodes a product on our own kernels. Its operands have been declared to `commands`.
void encode_gemm(ComputeCommands& commands, const Gemm& stacked);

}  // namespace temper::metal
