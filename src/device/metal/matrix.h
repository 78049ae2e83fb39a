#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "device/metal/memory.h"
#include "device/operand.h"

namespace temper::metal {

/// A stack of equal matrices in device memory, row after row, as MPS wants them: unit column stride, rows `row_bytes`
/// apart, matrices `matrix_bytes` apart. `transposed`: what lies there is the transpose of what the op means.
struct MatrixStack {
  Operand operand;
  std::string_view name;  ///< for messages: "lhs"
  DType dtype = DType::f32;
  size_t offset = 0;  ///< of the first matrix in the MTLBuffer, in bytes
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t row_bytes = 0;
  int64_t count = 1;
  int64_t matrix_bytes = 0;
  bool transposed = false;

  /// Matrix i of the stack alone.
  MatrixStack at(int64_t i) const;
  /// Rows [row, row + row_count) and columns [column, column + column_count) of every matrix, as they are stored.
  MatrixStack part(int64_t row, int64_t row_count, int64_t column, int64_t column_count) const;
};

/// Whether the last two dimensions are such a stack over the leading ones broadcast to `batch`: rows or columns are
/// contiguous, and one stride walks the leading dimensions.
bool is_stack(const Layout& layout, const Shape& batch);
/// The stack; is_stack() must hold.
MatrixStack stack_of(const Operand& operand, std::string_view name, const Shape& batch);
/// The operand [.., d] as one matrix [rows, d]; empty when it isn't row after row.
std::optional<MatrixStack> rows_of(const Operand& operand, std::string_view name);
/// A contiguous operand of rows x columns elements as one matrix.
MatrixStack matrix_of(const Operand& operand, std::string_view name, int64_t rows, int64_t columns);

/// Refuses what MPS can't take, before anything is encoded: types other than f32 and f16, empty matrices, rows that
/// overlap or split an element, a matrix that ends past its buffer, a buffer of another device. Throws Error.
void validate(std::string_view op, const MatrixStack& matrix);
/// So does this, except that the elements are i32, which MPS writes indices as.
void validate_indices(std::string_view op, const MatrixStack& matrix);
/// Refuses a result in memory that the source is read from.
void validate_apart(std::string_view op, const MatrixStack& source, const MatrixStack& result);

}  // namespace temper::metal
