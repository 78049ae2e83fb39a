#include "device/metal/matrix.h"

#include <algorithm>
#include <limits>

#include "base/fail.h"

namespace temper::metal {
namespace {

/// The one stride that walks all leading dimensions in row-major order, in elements; 0 for a broadcast or a single
/// matrix. Empty when there is none.
std::optional<int64_t> joint_stride(const Layout& layout) {
  std::optional<int64_t> stride;
  int64_t inner = 1;  // matrices in the dimensions after this one
  for (int d = layout.shape.rank() - 1; d >= 0; --d) {
    const int64_t extent = layout.shape[d];
    if (extent == 1) continue;
    const int64_t own = layout.strides[static_cast<size_t>(d)];
    if (!stride) stride = own;
    if (own != *stride * inner) return std::nullopt;
    inner *= extent;
  }
  return stride.value_or(0);
}

Layout leading_dimensions(const Layout& layout, const Shape& batch) {
  Layout leading = layout;
  leading.offset = 0;
  leading.shape = Shape(layout.shape.extents().first(static_cast<size_t>(layout.shape.rank() - 2)));
  return leading.broadcast_to(batch);
}

bool rows_are_contiguous(const Layout& layout) {
  const auto last = static_cast<size_t>(layout.shape.rank() - 1);
  const int64_t rows = layout.shape[-2], columns = layout.shape[-1];
  return (columns == 1 || layout.strides[last] == 1) && (rows == 1 || layout.strides[last - 1] >= columns);
}

/// What holds of a matrix of any type.
void validate_place(std::string_view op, const MatrixStack& m) {
  const auto element = static_cast<int64_t>(size_of(m.dtype));
  if (m.operand.buffer->device().type != DeviceType::metal)
    fail(ErrorCode::device_mismatch, "{}: {} is on {}, not on metal; copy it there first", op, m.name,
         to_string(m.operand.buffer->device()));
  if (m.rows < 1 || m.columns < 1 || m.count < 1)
    fail(ErrorCode::shape_mismatch, "{}: {} is {} matrices of [{},{}]; MPS takes none that is empty; skip it", op,
         m.name, m.count, m.rows, m.columns);
  if (std::max({m.rows, m.columns, m.count}) > std::numeric_limits<int32_t>::max())
    fail(ErrorCode::shape_mismatch, "{}: {} [{},{}], {} of them: MPS takes extents of up to 31 bits; split it", op,
         m.name, m.rows, m.columns, m.count);
  if (m.row_bytes % element != 0 || m.row_bytes < m.columns * element)
    fail(ErrorCode::invalid_argument, "{}: {} [{},{}] of {}: rows {} bytes apart must hold {} whole elements; copy it?",
         op, m.name, m.rows, m.columns, name_of(m.dtype), m.row_bytes, m.columns);
  if (m.offset % static_cast<size_t>(element) != 0)
    fail(ErrorCode::invalid_argument, "{}: {} begins at byte {}, which splits an element of {}; copy it?", op, m.name,
         m.offset, name_of(m.dtype));
  const auto end =
      m.offset + static_cast<size_t>((m.count - 1) * m.matrix_bytes + (m.rows - 1) * m.row_bytes + m.columns * element);
  const size_t length = memory_of(*m.operand.buffer).buffer().length();
  if (end > length)
    fail(ErrorCode::shape_mismatch, "{}: {} [{},{}] ends at byte {} of a buffer of {}; give it fewer rows", op, m.name,
         m.rows, m.columns, end, length);
}

}  // namespace

MatrixStack MatrixStack::at(int64_t i) const {
  MatrixStack one = *this;
  one.offset += static_cast<size_t>(i * matrix_bytes);
  one.count = 1;
  one.matrix_bytes = rows * row_bytes;
  return one;
}

MatrixStack MatrixStack::part(int64_t row, int64_t row_count, int64_t column, int64_t column_count) const {
  TEMPER_ASSERT(row + row_count <= rows && column + column_count <= columns);
  MatrixStack one = *this;
  one.offset += static_cast<size_t>(row * row_bytes + column * static_cast<int64_t>(size_of(dtype)));
  one.rows = row_count;
  one.columns = column_count;
  return one;
}

bool is_stack(const Layout& layout, const Shape& batch) {
  return (rows_are_contiguous(layout) || rows_are_contiguous(layout.transposed(-2, -1))) &&
         joint_stride(leading_dimensions(layout, batch));
}

MatrixStack stack_of(const Operand& operand, std::string_view name, const Shape& batch) {
  TEMPER_ASSERT(is_stack(operand.spec.layout, batch));
  const auto element = static_cast<int64_t>(size_of(operand.dtype()));
  const bool transposed = !rows_are_contiguous(operand.spec.layout);
  const Layout layout = transposed ? operand.spec.layout.transposed(-2, -1) : operand.spec.layout;
  const int64_t rows = layout.shape[-2], columns = layout.shape[-1];
  // The stride of an extent of 1 is never followed.
  const int64_t row_stride = rows == 1 ? columns : layout.strides[static_cast<size_t>(layout.shape.rank() - 2)];
  return {.operand = operand,
          .name = name,
          .dtype = operand.dtype(),
          .offset = memory_of(*operand.buffer).offset() + static_cast<size_t>(layout.offset * element),
          .rows = rows,
          .columns = columns,
          .row_bytes = row_stride * element,
          .count = batch.elements(),
          .matrix_bytes = batch.elements() == 1 ? rows * row_stride * element
                                                : *joint_stride(leading_dimensions(layout, batch)) * element,
          .transposed = transposed};
}

std::optional<MatrixStack> rows_of(const Operand& operand, std::string_view name) {
  const Layout& layout = operand.spec.layout;
  if (!layout.is_contiguous() || layout.shape.rank() < 1) return std::nullopt;
  const int64_t columns = layout.shape[-1];
  if (columns == 0) return std::nullopt;
  return matrix_of(operand, name, layout.shape.elements() / columns, columns);
}

MatrixStack matrix_of(const Operand& operand, std::string_view name, int64_t rows, int64_t columns) {
  TEMPER_ASSERT(operand.spec.layout.is_contiguous() && operand.elements() == rows * columns);
  const auto element = static_cast<int64_t>(size_of(operand.dtype()));
  return {.operand = operand,
          .name = name,
          .dtype = operand.dtype(),
          .offset = memory_of(*operand.buffer).offset() + static_cast<size_t>(operand.spec.layout.offset * element),
          .rows = rows,
          .columns = columns,
          .row_bytes = columns * element,
          .count = 1,
          .matrix_bytes = rows * columns * element};
}

void validate(std::string_view op, const MatrixStack& m) {
  if (m.dtype != DType::f32 && m.dtype != DType::f16)
    fail(ErrorCode::dtype_mismatch, "{}: {} is {}; MPS multiplies f32 and f16 only (bf16 aborts the process): cast it?",
         op, m.name, name_of(m.dtype));
  validate_place(op, m);
}

void validate_indices(std::string_view op, const MatrixStack& m) {
  if (m.dtype != DType::i32)
    fail(ErrorCode::dtype_mismatch, "{}: {} is {}; MPS writes indices of 32 bits: make it i32", op, m.name,
         name_of(m.dtype));
  validate_place(op, m);
}

void validate_apart(std::string_view op, const MatrixStack& source, const MatrixStack& result) {
  if (range_of(result.operand).overlaps(range_of(source.operand)))
    fail(ErrorCode::invalid_argument, "{}: {} overlaps {}, which MPS reads while it writes; copy one?", op, result.name,
         source.name);
}

}  // namespace temper::metal
