// MPSMatrixMultiplication and MPSMatrixVectorMultiplication.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "runtime/checks/report.h"
#include "runtime/mps/kernel.h"
#include "runtime/mps/product.h"

namespace metalhost::mps {
namespace {

struct Multiplication : Kernel {
  bool transpose_left = false;
  bool transpose_right = false;
  uint64_t rows = 0;
  uint64_t columns = 0;
  uint64_t inner = 0;
  double alpha = 1;
  double beta = 0;
  Origin left_origin{};
  Origin right_origin{};
  Origin result_origin{};
  Batch batch;

  void assign(const Multiplication& other) {
    transpose_left = other.transpose_left;
    transpose_right = other.transpose_right;
    rows = other.rows;
    columns = other.columns;
    inner = other.inner;
    alpha = other.alpha;
    beta = other.beta;
    left_origin = other.left_origin;
    right_origin = other.right_origin;
    result_origin = other.result_origin;
    batch = other.batch;
  }
};

struct VectorMultiplication : BinaryKernel {
  bool transpose = false;
  uint64_t rows = 0;
  uint64_t columns = 0;
  double alpha = 1;
  double beta = 0;

  void assign(const VectorMultiplication& other) {
    BinaryKernel::assign(other);
    transpose = other.transpose;
    rows = other.rows;
    columns = other.columns;
    alpha = other.alpha;
    beta = other.beta;
  }
};

struct TypePair {
  DataType source, result;
};
constexpr std::array<TypePair, 6> kProductTypes = {{{DataType::f32, DataType::f32},
                                                    {DataType::f16, DataType::f16},
                                                    {DataType::f16, DataType::f32},
                                                    {DataType::i8, DataType::f16},
                                                    {DataType::i8, DataType::f32},
                                                    {DataType::i16, DataType::f32}}};
constexpr std::array<TypePair, 3> kVectorProductTypes = {
    {{DataType::f32, DataType::f32}, {DataType::f16, DataType::f16}, {DataType::f16, DataType::f32}}};

template <std::size_t kCount>
bool check_types(const Kernel& kernel, const std::array<TypePair, kCount>& allowed, DataType left, DataType right,
                 DataType result) {
  bool has_bf16 = left == DataType::bf16 || right == DataType::bf16 || result == DataType::bf16;
  if (has_bf16 && kernel.device->profile.defects.bf16_product_aborts) {
    report(Rule::mps_bf16_product, &kernel, "an operand is bf16: MPS aborts the process; convert it to f16 or f32");
    return false;
  }
  if (left == right) {
    for (const TypePair& pair : allowed) {
      if (pair.source == left && pair.result == result) return true;
    }
  }
  report(Rule::mps_data_type, &kernel,
         fmt::format(
             "no product of {} and {} into {}: both sources are of one type; f32 into f32, f16 into f16 or f32{}",
             name_of(left), name_of(right), name_of(result), kCount == 6 ? ", i8 into f16 or f32, i16 into f32" : ""));
  return false;
}

// alpha and beta as the result's type holds them.
float rounded(double factor, DataType type) {
  return type == DataType::f16 ? static_cast<float>(static_cast<_Float16>(factor)) : static_cast<float>(factor);
}

// What the reported defects of this device do to a product, if anything: rows that become NaN.
struct Defect {
  uint64_t first_row = 0;
  uint64_t rows = 0;
};
constexpr uint64_t kNanBandRows = 32;

Defect find_defect(const Multiplication& self, uint64_t size) {
  const MpsDefects& defects = self.device->profile.defects;
  uint64_t boundary = defects.nan_band_bytes, row_bytes = self.columns * size;
  if (defects.nan_bands && (self.rows + 2 * self.inner) * row_bytes >= boundary) {
    report(Rule::mps_nan_bands, &self,
           fmt::format("({} + 2 x {}) x {} x {} bytes reach {}: rows of the result become NaN; split the columns",
                       self.rows, self.inner, self.columns, size, boundary));
    uint64_t row = boundary / row_bytes;
    row = row > 2 * self.inner ? row - 2 * self.inner : 0;
    row = std::min(row, self.rows - 1);
    return {row, std::min(kNanBandRows, self.rows - row)};
  }
  if (defects.long_k_out_of_bounds && self.inner >= defects.long_k && self.rows >= 16 && self.columns >= 16) {
    report(Rule::mps_long_k, &self,
           fmt::format("K = {} with a result of [{}, {}] reads out of bounds; split K below {}", self.inner, self.rows,
                       self.columns, defects.long_k));
    return {0, self.rows};
  }
  return {};
}

void encode(Multiplication& self, CommandBuffer& command_buffer, Matrix& left, Matrix& right, Matrix& result) {
  Encoding encoding(self, command_buffer);
  if (!check_same_device(self, self.device, command_buffer.device()) ||
      !check_types(self, kProductTypes, left.shape.type, right.shape.type, result.shape.type)) {
    return;
  }
  float alpha = rounded(self.alpha, result.shape.type), beta = rounded(self.beta, result.shape.type);
  uint64_t rows = self.rows, columns = self.columns, inner = self.inner;
  if (!encoding.uses({.name = "left matrix",
                      .storage = &left,
                      .origin = self.left_origin,
                      .rows = self.transpose_left ? inner : rows,
                      .columns = self.transpose_left ? rows : inner}) ||
      !encoding.uses({.name = "right matrix",
                      .storage = &right,
                      .origin = self.right_origin,
                      .rows = self.transpose_right ? columns : inner,
                      .columns = self.transpose_right ? inner : columns}) ||
      !encoding.uses({.name = "result matrix",
                      .storage = &result,
                      .origin = self.result_origin,
                      .rows = rows,
                      .columns = columns,
                      .writes = true,
                      .is_read = beta != 0}) ||
      !encoding.processes(self.batch) || !encoding.results_are_apart()) {
    return;
  }
  Defect defect = find_defect(self, element_bytes(result.shape.type));
  std::vector<Product> products;
  for (uint64_t i = 0; i < encoding.matrices(); ++i) {
    products.push_back({encoding.elements(0, i), encoding.elements(1, i), encoding.elements(2, i), self.transpose_left,
                        self.transpose_right, rows, columns, inner, alpha, beta});
  }
  encoding.encode("MPSMatrixMultiplication", [products = std::move(products), defect] {
    for (const Product& product : products) {
      compute(product);
      for (uint64_t row = defect.first_row; row < defect.first_row + defect.rows; ++row) {
        for (uint64_t column = 0; column < product.columns; ++column) {
          product.result.store(row, column, std::numeric_limits<float>::quiet_NaN());
        }
      }
    }
  });
}

void encode(VectorMultiplication& self, CommandBuffer& command_buffer, Matrix& matrix, Vector& input, Vector& result) {
  Encoding encoding(self, command_buffer);
  if (!check_same_device(self, self.device, command_buffer.device()) ||
      !check_types(self, kVectorProductTypes, matrix.shape.type, input.shape.type, result.shape.type)) {
    return;
  }
  float alpha = rounded(self.alpha, result.shape.type), beta = rounded(self.beta, result.shape.type);
  if (!encoding.uses({.name = "input matrix",
                      .storage = &matrix,
                      .origin = self.primary_origin,
                      .rows = self.transpose ? self.columns : self.rows,
                      .columns = self.transpose ? self.rows : self.columns}) ||
      !encoding.uses({.name = "input vector",
                      .storage = &input,
                      .origin = self.secondary_origin,
                      .rows = 1,
                      .columns = self.columns}) ||
      !encoding.uses({.name = "result vector",
                      .storage = &result,
                      .origin = self.result_origin,
                      .rows = 1,
                      .columns = self.rows,
                      .writes = true,
                      .is_read = beta != 0}) ||
      !encoding.processes(self.batch) || !encoding.results_are_apart()) {
    return;
  }
  // y as a row: y^T = alpha x^T op(A)^T + beta y^T.
  std::vector<Product> products;
  for (uint64_t i = 0; i < encoding.matrices(); ++i) {
    products.push_back({encoding.elements(1, i), encoding.elements(0, i), encoding.elements(2, i), false,
                        !self.transpose, 1, self.rows, self.columns, alpha, beta});
  }
  encoding.encode("MPSMatrixVectorMultiplication", [products = std::move(products)] {
    for (const Product& product : products) compute(product);
  });
}

bool check_sizes(const Kernel& kernel, std::initializer_list<uint64_t> sizes) {
  constexpr uint64_t kMax = (uint64_t{1} << 31) - 1;
  for (uint64_t size : sizes) {
    if (size == 0) {
      report(Rule::mps_empty, &kernel, "a side of the product is 0: skip it");
      return false;
    }
    if (size > kMax) {
      report(Rule::mps_too_large, &kernel, fmt::format("a side of {} is over 2^31 - 1: split it", size));
      return false;
    }
  }
  return true;
}

Multiplication* init(Multiplication& self, Device& device, bool transpose_left, bool transpose_right, uint64_t rows,
                     uint64_t columns, uint64_t inner, double alpha, double beta) {
  begin_kernel(self, device);
  self.transpose_left = transpose_left;
  self.transpose_right = transpose_right;
  self.rows = rows;
  self.columns = columns;
  self.inner = inner;
  self.alpha = alpha;
  self.beta = beta;
  return check_sizes(self, {rows, columns, inner}) ? &self : nullptr;
}

VectorMultiplication* init(VectorMultiplication& self, Device& device, bool transpose, uint64_t rows, uint64_t columns,
                           double alpha, double beta) {
  begin_kernel(self, device);
  self.transpose = transpose;
  self.rows = rows;
  self.columns = columns;
  self.alpha = alpha;
  self.beta = beta;
  return check_sizes(self, {rows, columns}) ? &self : nullptr;
}

}  // namespace

void register_multiplications() {
  ClassBuilder<Multiplication> product("MPSMatrixMultiplication", class_of<Kernel>, "C:MPSMatrixMultiplication");
  define_copies(product);
  product
      .method("initWithDevice:transposeLeft:transposeRight:resultRows:resultColumns:interiorColumns:alpha:beta:",
              [](Multiplication& self, Device& device, bool transpose_left, bool transpose_right, uint64_t rows,
                 uint64_t columns, uint64_t inner, double alpha, double beta) {
                return init(self, device, transpose_left, transpose_right, rows, columns, inner, alpha, beta);
              })
      .method("initWithDevice:resultRows:resultColumns:interiorColumns:",
              [](Multiplication& self, Device& device, uint64_t rows, uint64_t columns, uint64_t inner) {
                return init(self, device, false, false, rows, columns, inner, 1, 0);
              })
      .method("leftMatrixOrigin", [](Multiplication& self) { return self.left_origin; })
      .method("setLeftMatrixOrigin:", [](Multiplication& self, Origin origin) { self.left_origin = origin; })
      .method("rightMatrixOrigin", [](Multiplication& self) { return self.right_origin; })
      .method("setRightMatrixOrigin:", [](Multiplication& self, Origin origin) { self.right_origin = origin; })
      .method("resultMatrixOrigin", [](Multiplication& self) { return self.result_origin; })
      .method("setResultMatrixOrigin:", [](Multiplication& self, Origin origin) { self.result_origin = origin; })
      .method("batchStart", [](Multiplication& self) { return self.batch.start; })
      .method("setBatchStart:", [](Multiplication& self, uint64_t start) { self.batch.start = start; })
      .method("batchSize", [](Multiplication& self) { return self.batch.size; })
      .method("setBatchSize:", [](Multiplication& self, uint64_t size) { self.batch.size = size; })
      .method("encodeToCommandBuffer:leftMatrix:rightMatrix:resultMatrix:",
              [](Multiplication& self, CommandBuffer& command_buffer, Matrix& left, Matrix& right, Matrix& result) {
                encode(self, command_buffer, left, right, result);
              });

  ClassBuilder<VectorMultiplication> vector_product("MPSMatrixVectorMultiplication", class_of<BinaryKernel>,
                                                    "C:MPSMatrixVectorMultiplication");
  define_copies(vector_product);
  vector_product
      .method("initWithDevice:transpose:rows:columns:alpha:beta:",
              [](VectorMultiplication& self, Device& device, bool transpose, uint64_t rows, uint64_t columns,
                 double alpha, double beta) { return init(self, device, transpose, rows, columns, alpha, beta); })
      .method("initWithDevice:rows:columns:",
              [](VectorMultiplication& self, Device& device, uint64_t rows, uint64_t columns) {
                return init(self, device, false, rows, columns, 1, 0);
              })
      .method("encodeToCommandBuffer:inputMatrix:inputVector:resultVector:",
              [](VectorMultiplication& self, CommandBuffer& command_buffer, Matrix& matrix, Vector& input,
                 Vector& result) { encode(self, command_buffer, matrix, input, result); });
}

}  // namespace metalhost::mps
