#include "device/metal/mps_product.h"

#include <algorithm>

#include "base/fail.h"

namespace temper::metal {
namespace {

constexpr int64_t kSafeProductBytes = int64_t{1} << 30;
constexpr int64_t kLargestSafeInterior = 32766;
constexpr int64_t kInteriorPart = 16384;
constexpr int64_t kLargestSafeExtent = 15;  // with fewer rows or columns a long sum is safe

struct Extents {
  int64_t m, n, k_left, k_right;
};

Extents extents_of(const Product& p) {
  return {p.trans_left ? p.left.columns : p.left.rows, p.trans_right ? p.right.rows : p.right.columns,
          p.trans_left ? p.left.rows : p.left.columns, p.trans_right ? p.right.columns : p.right.rows};
}

/// MPS takes matrices of a stack in one call only if they lie whole rows apart and don't share any.
bool is_batchable(const MatrixStack& matrix) {
  return matrix.count == 1 ||
         (matrix.matrix_bytes % matrix.row_bytes == 0 && matrix.matrix_bytes >= matrix.rows * matrix.row_bytes);
}

MPS::DataType mps_type(DType dtype) {
  return dtype == DType::f16 ? MPS::DataTypeFloat16 : MPS::DataTypeFloat32;
}

/// The elements of a matrix of one row or one column lie side by side.
bool is_vector(const MatrixStack& m) {
  return m.rows == 1 || (m.columns == 1 && m.row_bytes == static_cast<int64_t>(size_of(m.dtype)));
}

Retained<MPS::Vector> mps_vector(const MatrixStack& m) {
  const MPS::VectorDescriptor* descriptor =
      MPS::VectorDescriptor::vectorDescriptor(extent(m.rows * m.columns), mps_type(m.dtype));
  return Retained<MPS::Vector>::adopt(
      MPS::Vector::alloc()->init(&memory_of(*m.operand.buffer).buffer(), m.offset, descriptor));
}

/// A product with one row (the matrix is the right side) or one column (the left side) as matrix times vector; false
/// when it is neither, or its vectors have gaps.
bool encode_vector_piece(OpenCommands& commands, MpsKernels& kernels, const Product& p) {
  const Extents e = extents_of(p);
  if ((e.m != 1 && e.n != 1) || p.result.count != 1 || p.result.dtype != p.left.dtype) return false;
  const bool by_right = e.m == 1;
  const MatrixStack &matrix = by_right ? p.right : p.left, &vector = by_right ? p.left : p.right;
  if (!is_vector(vector) || !is_vector(p.result)) return false;
  const bool transpose = by_right ? !p.trans_right : p.trans_left;
  const KernelKey key{.kind = KernelKey::Kind::vector_product,
                      .trans_left = transpose,
                      .rows = by_right ? e.n : e.m,
                      .interior = e.k_left,
                      .alpha = p.alpha,
                      .beta = p.beta};
  auto& kernel = kernels.get<MPS::MatrixVectorMultiplication>(key, commands.counters, [&](MTL::Device* device) {
    return MPS::MatrixVectorMultiplication::alloc()->init(device, transpose, extent(key.rows), extent(key.interior),
                                                          p.alpha, p.beta);
  });
  const auto stored = mps_matrix(matrix);
  const auto from = mps_vector(vector), to = mps_vector(p.result);
  kernel.encodeToCommandBuffer(&commands.buffer, stored.get(), from.get(), to.get());
  ++commands.counters.encoders;
  ++commands.counters.dispatches;
  return true;
}

void encode_piece(OpenCommands& commands, MpsKernels& kernels, const Product& p) {
  if (encode_vector_piece(commands, kernels, p)) return;
  const Extents e = extents_of(p);
  const KernelKey key{.kind = KernelKey::Kind::product,
                      .trans_left = p.trans_left,
                      .trans_right = p.trans_right,
                      .rows = e.m,
                      .columns = e.n,
                      .interior = e.k_left,
                      .alpha = p.alpha,
                      .beta = p.beta};
  auto& kernel = kernels.get<MPS::MatrixMultiplication>(key, commands.counters, [&](MTL::Device* device) {
    return MPS::MatrixMultiplication::alloc()->init(device, p.trans_left, p.trans_right, static_cast<NS::UInteger>(e.m),
                                                    static_cast<NS::UInteger>(e.n), static_cast<NS::UInteger>(e.k_left),
                                                    p.alpha, p.beta);
  });
  kernel.setBatchStart(0);
  kernel.setBatchSize(static_cast<NS::UInteger>(p.result.count));
  const auto left = mps_matrix(p.left), right = mps_matrix(p.right), result = mps_matrix(p.result);
  kernel.encodeToCommandBuffer(&commands.buffer, left.get(), right.get(), result.get());
  ++commands.counters.encoders;
  ++commands.counters.dispatches;
}

/// Columns [begin, end) of op(right) and the result; terms [first, last) of the sum.
Product piece_of(const Product& p, int64_t begin, int64_t end, int64_t first, int64_t last) {
  Product piece = p;
  const int64_t columns = end - begin, terms = last - first;
  piece.left = p.trans_left ? p.left.part(first, terms, 0, p.left.columns) : p.left.part(0, p.left.rows, first, terms);
  piece.right = p.trans_right ? p.right.part(begin, columns, first, terms) : p.right.part(first, terms, begin, columns);
  piece.result = p.result.part(0, p.result.rows, begin, columns);
  if (first > 0) piece.beta = 1.0;
  return piece;
}

}  // namespace

Pieces pieces_of(int64_t m, int64_t n, int64_t k, size_t element_bytes) {
  Pieces pieces{.column_tile = n, .interior_part = k};
  if (k > kLargestSafeInterior && m > kLargestSafeExtent && n > kLargestSafeExtent)
    pieces.interior_part = kInteriorPart;
  const int64_t bytes_a_column = (m + 2 * pieces.interior_part) * static_cast<int64_t>(element_bytes);
  if (bytes_a_column * n > kSafeProductBytes)
    pieces.column_tile = std::max<int64_t>(1, kSafeProductBytes / bytes_a_column);
  return pieces;
}

Retained<MPS::Matrix> mps_matrix(const MatrixStack& m) {
  const MPS::DataType type = mps_type(m.dtype);
  const auto rows = static_cast<NS::UInteger>(m.rows), columns = static_cast<NS::UInteger>(m.columns);
  const auto row_bytes = static_cast<NS::UInteger>(m.row_bytes);
  const MPS::MatrixDescriptor* descriptor =
      m.count == 1
          ? MPS::MatrixDescriptor::matrixDescriptor(rows, columns, row_bytes, type)
          : MPS::MatrixDescriptor::matrixDescriptor(rows, columns, static_cast<NS::UInteger>(m.count), row_bytes,
                                                    static_cast<NS::UInteger>(m.matrix_bytes), type);
  return Retained<MPS::Matrix>::adopt(
      MPS::Matrix::alloc()->init(&memory_of(*m.operand.buffer).buffer(), m.offset, descriptor));
}

void validate(std::string_view op, const Product& p) {
  const Extents e = extents_of(p);
  if (e.k_left != e.k_right)
    fail(ErrorCode::shape_mismatch, "{}: {} [{},{}]{} x {} [{},{}]{}: inner dimensions {} and {} differ; transpose {}?",
         op, p.left.name, p.left.rows, p.left.columns, p.trans_left ? " transposed" : "", p.right.name, p.right.rows,
         p.right.columns, p.trans_right ? " transposed" : "", e.k_left, e.k_right, p.right.name);
  if (p.result.rows != e.m || p.result.columns != e.n)
    fail(ErrorCode::shape_mismatch, "{}: {} is [{},{}], the product [{},{}]; make {} of that shape", op, p.result.name,
         p.result.rows, p.result.columns, e.m, e.n, p.result.name);
  if (p.left.count != p.result.count || p.right.count != p.result.count)
    fail(ErrorCode::shape_mismatch, "{}: {}, {} and {} have {}, {} and {} matrices; broadcast them?", op, p.left.name,
         p.right.name, p.result.name, p.left.count, p.right.count, p.result.count);
  if (p.left.dtype != p.right.dtype || (p.result.dtype != p.left.dtype && p.result.dtype != DType::f32))
    fail(ErrorCode::dtype_mismatch, "{}: {} is {}, {} {} and {} {}; MPS wants one type, or f16 x f16 -> f32", op,
         p.left.name, name_of(p.left.dtype), p.right.name, name_of(p.right.dtype), p.result.name,
         name_of(p.result.dtype));
  if (p.result.transposed || p.result.matrix_bytes == 0)
    fail(ErrorCode::invalid_argument, "{}: {} must be written row by row, each matrix once; copy it afterwards", op,
         p.result.name);
  for (const MatrixStack* matrix : {&p.left, &p.right, &p.result}) {
    const bool broadcast = matrix->matrix_bytes == 0 && matrix != &p.result;
    validate(op, broadcast ? matrix->at(0) : *matrix);
  }
  const MemoryRange written = range_of(p.result.operand);
  for (const MatrixStack* source : {&p.left, &p.right})
    if (written.overlaps(range_of(source->operand)))
      fail(ErrorCode::invalid_argument, "{}: {} overlaps {}, which MPS reads while it writes; copy one?", op,
           p.result.name, source->name);
}

void encode_product(OpenCommands& commands, MpsKernels& kernels, const Product& p) {
  if (!is_batchable(p.left) || !is_batchable(p.right) || !is_batchable(p.result)) {
    for (int64_t i = 0; i < p.result.count; ++i) {
      Product one = p;
      one.left = p.left.at(i);
      one.right = p.right.at(i);
      one.result = p.result.at(i);
      encode_product(commands, kernels, one);
    }
    return;
  }
  const Extents e = extents_of(p);
  const Pieces pieces = pieces_of(e.m, e.n, e.k_left, size_of(p.left.dtype));
  for (int64_t column = 0; column < e.n; column += pieces.column_tile)
    for (int64_t term = 0; term < e.k_left; term += pieces.interior_part)
      encode_piece(commands, kernels,
                   piece_of(p, column, std::min(e.n, column + pieces.column_tile), term,
                            std::min(e.k_left, term + pieces.interior_part)));
}

}  // namespace temper::metal
