// MPSMatrixSoftMax, MPSMatrixLogSoftMax and MPSMatrixSoftMaxGradient.
#include <algorithm>
#include <cmath>

#include "runtime/checks/report.h"
#include "runtime/mps/kernel.h"
#include "runtime/mps/parallel.h"

namespace metalhost::mps {
namespace {

struct SoftMax : UnaryKernel {
  uint64_t source_rows = kAll;
  uint64_t source_columns = kAll;
  bool is_log = false;
  void assign(const SoftMax& other) {
    UnaryKernel::assign(other);
    source_rows = other.source_rows;
    source_columns = other.source_columns;
    is_log = other.is_log;
  }
};
struct LogSoftMax : SoftMax {};

struct SoftMaxGradient : BinaryKernel {
  uint64_t source_rows = kAll;
  uint64_t source_columns = kAll;
  void assign(const SoftMaxGradient& other) {
    BinaryKernel::assign(other);
    source_rows = other.source_rows;
    source_columns = other.source_columns;
  }
};

bool check_float_types(Encoding& encoding, std::size_t operands) {
  DataType type = encoding.operand(0).storage->shape.type;
  if (!is_float(type)) return encoding.rejects_type(encoding.operand(0), "f32 or f16");
  for (std::size_t i = 1; i < operands; ++i) {
    if (encoding.operand(i).storage->shape.type != type) {
      return encoding.rejects_type(encoding.operand(i), name_of(type) + ", as the " + encoding.operand(0).name);
    }
  }
  return true;
}

// Calls row(elements..., row number) for every row of every matrix of the batch, on several threads.
template <std::size_t kOperands, class Row>
std::function<void()> for_each_row(const Encoding& encoding, uint64_t rows, uint64_t columns, Row row) {
  std::vector<std::array<Elements, kOperands>> matrices;
  for (uint64_t i = 0; i < encoding.matrices(); ++i) {
    std::array<Elements, kOperands> operands;
    for (std::size_t k = 0; k < kOperands; ++k) operands[k] = encoding.elements(k, i);
    matrices.push_back(operands);
  }
  return [matrices = std::move(matrices), rows, columns, row] {
    uint64_t grain = std::max<uint64_t>(1, kElementsAThread / columns);
    parallel_for(matrices.size() * rows, grain, [&](uint64_t begin, uint64_t end) {
      for (uint64_t index = begin; index < end; ++index) row(matrices[index / rows], index % rows);
    });
  };
}

void softmax_row(const Elements& source, const Elements& result, uint64_t row, uint64_t columns, bool is_log) {
  float largest = source.load(row, 0);
  for (uint64_t j = 1; j < columns; ++j) largest = std::max(largest, source.load(row, j));
  float sum = 0;
  for (uint64_t j = 0; j < columns; ++j) sum += std::exp(source.load(row, j) - largest);
  float log_sum = std::log(sum), scale = 1 / sum;
  for (uint64_t j = 0; j < columns; ++j) {
    float shifted = source.load(row, j) - largest;
    result.store(row, j, is_log ? shifted - log_sum : std::exp(shifted) * scale);
  }
}

void encode(SoftMax& self, CommandBuffer& command_buffer, Matrix& source, Matrix& result) {
  Encoding encoding(self, command_buffer);
  uint64_t rows = extent(self.source_rows, source.shape.rows, self.source_origin.x);
  uint64_t columns = extent(self.source_columns, source.shape.columns, self.source_origin.y);
  if (!check_same_device(self, self.device, command_buffer.device()) ||
      !encoding.uses({.name = "input matrix",
                      .storage = &source,
                      .origin = self.source_origin,
                      .rows = rows,
                      .columns = columns}) ||
      !encoding.uses({.name = "result matrix",
                      .storage = &result,
                      .origin = self.result_origin,
                      .rows = rows,
                      .columns = columns,
                      .writes = true,
                      .is_read = false}) ||
      !check_float_types(encoding, 2) || !encoding.processes(self.batch) || !encoding.results_are_apart_or_in_place()) {
    return;
  }
  auto run = for_each_row<2>(encoding, rows, columns,
                             [columns, is_log = self.is_log](const std::array<Elements, 2>& operands, uint64_t row) {
                               softmax_row(operands[0], operands[1], row, columns, is_log);
                             });
  encoding.encode(self.is_log ? "MPSMatrixLogSoftMax" : "MPSMatrixSoftMax", std::move(run));
}

// dX = Y (dY - sum(dY Y)).
void gradient_row(const std::array<Elements, 3>& operands, uint64_t row, uint64_t columns) {
  const auto& [gradient, output, result] = operands;
  float sum = 0;
  for (uint64_t j = 0; j < columns; ++j) sum += gradient.load(row, j) * output.load(row, j);
  for (uint64_t j = 0; j < columns; ++j) {
    result.store(row, j, output.load(row, j) * (gradient.load(row, j) - sum));
  }
}

void encode(SoftMaxGradient& self, CommandBuffer& command_buffer, Matrix& gradient, Matrix& output, Matrix& result) {
  Encoding encoding(self, command_buffer);
  uint64_t rows = extent(self.source_rows, gradient.shape.rows, self.primary_origin.x);
  uint64_t columns = extent(self.source_columns, gradient.shape.columns, self.primary_origin.y);
  if (!check_same_device(self, self.device, command_buffer.device()) ||
      !encoding.uses({.name = "gradient matrix",
                      .storage = &gradient,
                      .origin = self.primary_origin,
                      .rows = rows,
                      .columns = columns}) ||
      !encoding.uses({.name = "forward output matrix",
                      .storage = &output,
                      .origin = self.secondary_origin,
                      .rows = rows,
                      .columns = columns}) ||
      !encoding.uses({.name = "result matrix",
                      .storage = &result,
                      .origin = self.result_origin,
                      .rows = rows,
                      .columns = columns,
                      .writes = true,
                      .is_read = false}) ||
      !check_float_types(encoding, 3) || !encoding.processes(self.batch) || !encoding.results_are_apart_or_in_place()) {
    return;
  }
  auto run = for_each_row<3>(encoding, rows, columns, [columns](const std::array<Elements, 3>& operands, uint64_t row) {
    gradient_row(operands, row, columns);
  });
  encoding.encode("MPSMatrixSoftMaxGradient", std::move(run));
}

template <class T>
void define_extent(ClassBuilder<T>& builder) {
  builder.method("sourceRows", [](T& self) { return self.source_rows; })
      .method("setSourceRows:", [](T& self, uint64_t rows) { self.source_rows = rows; })
      .method("sourceColumns", [](T& self) { return self.source_columns; })
      .method("setSourceColumns:", [](T& self, uint64_t columns) { self.source_columns = columns; });
}

}  // namespace

void register_softmax() {
  ClassBuilder<SoftMax> softmax("MPSMatrixSoftMax", class_of<UnaryKernel>, "C:MPSMatrixSoftMax");
  define_copies(softmax);
  define_extent(softmax);
  softmax
      .method("initWithDevice:",
              [](SoftMax& self, Device& device) {
                begin_kernel(self, device);
                self.is_log = is_kind_of(self.isa, class_of<LogSoftMax>);
                return &self;
              })
      .method("encodeToCommandBuffer:inputMatrix:resultMatrix:",
              [](SoftMax& self, CommandBuffer& command_buffer, Matrix& source, Matrix& result) {
                encode(self, command_buffer, source, result);
              });

  ClassBuilder<LogSoftMax>("MPSMatrixLogSoftMax", softmax.get(), "C:MPSMatrixLogSoftMax");

  ClassBuilder<SoftMaxGradient> gradient("MPSMatrixSoftMaxGradient", class_of<BinaryKernel>,
                                         "C:MPSMatrixSoftMaxGradient");
  define_copies(gradient);
  define_extent(gradient);
  gradient
      .method("initWithDevice:",
              [](SoftMaxGradient& self, Device& device) {
                begin_kernel(self, device);
                return &self;
              })
      .method("encodeToCommandBuffer:gradientMatrix:forwardOutputMatrix:resultMatrix:",
              [](SoftMaxGradient& self, CommandBuffer& command_buffer, Matrix& gradient_matrix, Matrix& output,
                 Matrix& result) { encode(self, command_buffer, gradient_matrix, output, result); });
}

}  // namespace metalhost::mps
