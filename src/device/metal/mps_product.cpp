#include "device/metal/mps_product.h"

#include <algorithm>
#include <vector>

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
  if (dtype == DType::i32) return MPS::DataTypeUInt32;  // indices, which are never negative
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

struct Span {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

/// Rows and columns of the result, terms of the sum.
Product piece_of(const Product& p, Span rows, Span columns, Span terms) {
  Product piece = p;
  piece.left = p.trans_left ? p.left.part(terms.begin, terms.size(), rows.begin, rows.size())
                            : p.left.part(rows.begin, rows.size(), terms.begin, terms.size());
  piece.right = p.trans_right ? p.right.part(columns.begin, columns.size(), terms.begin, terms.size())
                              : p.right.part(terms.begin, terms.size(), columns.begin, columns.size());
  piece.result = p.result.part(rows.begin, rows.size(), columns.begin, columns.size());
  if (terms.begin > 0) piece.beta = 1.0;
  return piece;
}

/// [0, extent) in parts of `size`.
std::vector<Span> parts_of(int64_t extent, int64_t size) {
  std::vector<Span> parts;
  for (int64_t begin = 0; begin < extent; begin += size) parts.push_back({begin, std::min(extent, begin + size)});
  return parts;
}

}  // namespace

Pieces pieces_of(int64_t m, int64_t n, int64_t k, size_t element_bytes) {
  Pieces pieces{.column_tile = n, .row_tile = m, .interior_part = k};
  if (k > kLargestSafeInterior && m > kLargestSafeExtent && n > kLargestSafeExtent)
    pieces.interior_part = kInteriorPart;
  // What one column of the result may take: up to half of it for the terms, the rest for the rows.
  const auto element = static_cast<int64_t>(element_bytes);
  pieces.interior_part = std::min(pieces.interior_part, kSafeProductBytes / element / 4);
  pieces.row_tile = std::min(m, kSafeProductBytes / element - 2 * pieces.interior_part);
  const int64_t bytes_a_column = (pieces.row_tile + 2 * pieces.interior_part) * element;
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
  for (const MatrixStack* source : {&p.left, &p.right}) validate_apart(op, *source, p.result);
}

void encode_product(OpenCommands& commands, MpsKernels& kernels, const Product& p) {
  const Extents e = extents_of(p);
  encode_product(commands, kernels, p, pieces_of(e.m, e.n, e.k_left, size_of(p.left.dtype)));
}

void encode_product(OpenCommands& commands, MpsKernels& kernels, const Product& p, const Pieces& pieces) {
  if (!is_batchable(p.left) || !is_batchable(p.right) || !is_batchable(p.result)) {
    for (int64_t i = 0; i < p.result.count; ++i) {
      Product one = p;
      one.left = p.left.at(i);
      one.right = p.right.at(i);
      one.result = p.result.at(i);
      encode_product(commands, kernels, one, pieces);
    }
    return;
  }
  const Extents e = extents_of(p);
  for (const Span rows : parts_of(e.m, pieces.row_tile))
    for (const Span columns : parts_of(e.n, pieces.column_tile))
      for (const Span terms : parts_of(e.k_left, pieces.interior_part))
        encode_piece(commands, kernels, piece_of(p, rows, columns, terms));
}

}  // namespace temper::metal
