// MPSMatrixSum.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "runtime/checks/report.h"
#include "runtime/foundation/collections.h"
#include "runtime/mps/kernel.h"
#include "runtime/objc/send.h"

namespace metalhost::mps {
namespace {

// MPSCNNNeuronType.
enum class NeuronType : int32_t {
  none,
  relu,
  linear,
  sigmoid,
  hard_sigmoid,
  tanh,
  absolute,
  soft_plus,
  soft_sign,
  elu,
  prelu,
  relu_n,
  power,
  exponential,
  logarithm,
  gelu,
};

struct Neuron {
  NeuronType type = NeuronType::none;
  float a = 0, b = 0, c = 0;

  float operator()(float x) const {
    switch (type) {
      case NeuronType::relu:
        return x >= 0 ? x : a * x;
      case NeuronType::linear:
        return a * x + b;
      case NeuronType::sigmoid:
        return 1 / (1 + std::exp(-x));
      case NeuronType::hard_sigmoid:
        return std::clamp(a * x + b, 0.0f, 1.0f);
      case NeuronType::tanh:
        return a * std::tanh(b * x);
      case NeuronType::absolute:
        return std::abs(x);
      case NeuronType::soft_plus:
        return a * std::log1p(std::exp(b * x));
      case NeuronType::soft_sign:
        return x / (1 + std::abs(x));
      case NeuronType::elu:
        return x >= 0 ? x : a * std::expm1(x);
      case NeuronType::relu_n:
        return std::min(x >= 0 ? x : a * x, b);
      case NeuronType::power:
        return std::pow(a * x + b, c);
      case NeuronType::exponential:
        return std::pow(c, a * x + b);
      case NeuronType::logarithm:
        return std::log(a * x + b) / std::log(c);
      case NeuronType::gelu:
        return 0.5f * x * (1 + std::erf(x * std::sqrt(0.5f)));
      default:
        return x;
    }
  }
};

struct Sum : Kernel {
  uint64_t count = 0;
  uint64_t rows = 0;
  uint64_t columns = 0;
  bool transpose = false;
  Origin result_origin{};
  Neuron neuron;
  void assign(const Sum& other) {
    count = other.count;
    rows = other.rows;
    columns = other.columns;
    transpose = other.transpose;
    result_origin = other.result_origin;
    neuron = other.neuron;
  }
};

// One source with its whole extent: where it starts is read from the offset vector on the GPU.
struct Source {
  Elements elements;
  uint64_t rows, columns;
};

struct SumWork {
  std::vector<Source> sources;
  Elements result;
  std::optional<Elements> scales, offsets, bias;
  uint64_t start = 0;
  uint64_t rows = 0, columns = 0;
  bool transpose = false;
  Neuron neuron;
  std::string kernel;  // for reports
  CallSite site = nullptr;

  void run() const {
    std::vector<float> sum(rows * columns, 0.0f);
    for (uint64_t index = 0; index < sources.size(); ++index) {
      float scale = scales ? scales->load(0, start + index) : 1.0f;
      uint64_t row = offsets ? offsets->load_index(0, 2 * (start + index)) : 0;
      uint64_t column = offsets ? offsets->load_index(0, 2 * (start + index) + 1) : 0;
      const Source& source = sources[index];
      if (row + rows > source.rows || column + columns > source.columns) {
        report_from_outside(Rule::mps_dimensions, kernel,
                            fmt::format("source {}: [{}, {}] from row {}, column {} on lies outside [{}, {}]", index,
                                        rows, columns, row, column, source.rows, source.columns),
                            site);
        return;
      }
      for (uint64_t i = 0; i < rows; ++i) {
        for (uint64_t j = 0; j < columns; ++j)
          sum[i * columns + j] += scale * source.elements.load(row + i, column + j);
      }
    }
    for (uint64_t i = 0; i < rows; ++i) {
      for (uint64_t j = 0; j < columns; ++j) {
        uint64_t row = transpose ? j : i, column = transpose ? i : j;
        float value = sum[i * columns + j] + (bias ? bias->load(0, column) : 0.0f);
        result.store(row, column, neuron(value));
      }
    }
  }
};

bool check_sources(Sum& self, Array& sources) {
  if (sources.items.size() != self.count) {
    report(Rule::mps_sum_sources, &self, fmt::format("{} sources for a sum of {}", sources.items.size(), self.count));
    return false;
  }
  for (auto& item : sources.items) {
    if (!check_object_argument(item.get(), class_of<Matrix>, 2, false)) return false;
  }
  return true;
}

bool check_length(Sum& self, const char* name, const Vector& vector, uint64_t needed) {
  if (vector.shape.columns >= needed) return true;
  report(Rule::mps_sum_sources, &self,
         fmt::format("{} has {} elements, {} are needed", name, vector.shape.columns, needed));
  return false;
}

void encode(Sum& self, CommandBuffer& command_buffer, Array& sources, Matrix& result, Vector* scales, Vector* offsets,
            Vector* bias, uint64_t start) {
  Encoding encoding(self, command_buffer);
  if (!check_same_device(self, self.device, command_buffer.device()) || !check_sources(self, sources)) return;
  uint64_t result_rows = self.transpose ? self.columns : self.rows;
  uint64_t result_columns = self.transpose ? self.rows : self.columns;
  auto use_vector = [&](const char* name, Vector* vector, DataType type, uint64_t needed) {
    if (!vector) return true;
    Operand operand{.name = name, .storage = vector, .origin = {}, .rows = 1, .columns = vector->shape.columns};
    if (vector->shape.type != type) return encoding.rejects_type(operand, name_of(type));
    return check_length(self, name, *vector, needed) && encoding.uses(operand);
  };
  if (!encoding.uses({.name = "result matrix",
                      .storage = &result,
                      .origin = self.result_origin,
                      .rows = result_rows,
                      .columns = result_columns,
                      .writes = true,
                      .is_read = false})) {
    return;
  }
  DataType type = result.shape.type;
  if (!is_float(type)) {
    encoding.rejects_type(encoding.operand(0), "f32 or f16");
    return;
  }
  for (auto& item : sources.items) {
    auto* matrix = static_cast<Matrix*>(item.get());
    Operand operand{.name = "source matrix",
                    .storage = matrix,
                    .origin = {},
                    .rows = offsets ? matrix->shape.rows : self.rows,
                    .columns = offsets ? matrix->shape.columns : self.columns};
    if (matrix->shape.type != type) {
      encoding.rejects_type(operand, name_of(type) + ", as the result matrix");
      return;
    }
    if (!encoding.uses(operand)) return;
  }
  if (!use_vector("scale vector", scales, DataType::f32, start + self.count) ||
      !use_vector("offset vector", offsets, DataType::u32, 2 * (start + self.count)) ||
      !use_vector("bias vector", bias, type, result_columns) || !encoding.processes({0, 1}) ||
      !encoding.results_are_apart_or_in_place()) {
    return;
  }
  SumWork work;
  work.result = encoding.elements(0);
  for (std::size_t i = 0; i < self.count; ++i) {
    const Shape& shape = encoding.operand(1 + i).storage->shape;
    work.sources.push_back({encoding.elements(1 + i), shape.rows, shape.columns});
  }
  std::size_t next = 1 + self.count;
  if (scales) work.scales = encoding.elements(next++);
  if (offsets) work.offsets = encoding.elements(next++);
  if (bias) work.bias = encoding.elements(next++);
  work.start = start;
  work.rows = self.rows;
  work.columns = self.columns;
  work.transpose = self.transpose;
  work.neuron = self.neuron;
  work.kernel = describe(&self);
  work.site = current_send.site;
  encoding.encode("MPSMatrixSum", [work = std::move(work)] { work.run(); });
}

}  // namespace

void register_sums() {
  ClassBuilder<Sum> builder("MPSMatrixSum", class_of<Kernel>, "C:MPSMatrixSum");
  define_copies(builder);
  builder
      .method("initWithDevice:count:rows:columns:transpose:",
              [](Sum& self, Device& device, uint64_t count, uint64_t rows, uint64_t columns, bool transpose) -> Sum* {
                if (count == 0 || rows == 0 || columns == 0) {
                  report(Rule::mps_empty, &self, "a sum of nothing: skip it");
                  return nullptr;
                }
                begin_kernel(self, device);
                self.count = count;
                self.rows = rows;
                self.columns = columns;
                self.transpose = transpose;
                return &self;
              })
      .method("rows", [](Sum& self) { return self.rows; })
      .method("columns", [](Sum& self) { return self.columns; })
      .method("count", [](Sum& self) { return self.count; })
      .method("transpose", [](Sum& self) { return self.transpose; })
      .method("resultMatrixOrigin", [](Sum& self) { return self.result_origin; })
      .method("setResultMatrixOrigin:", [](Sum& self, Origin origin) { self.result_origin = origin; })
      .method("setNeuronType:parameterA:parameterB:parameterC:",
              [](Sum& self, NeuronType type, float a, float b, float c) {
                if (type < NeuronType::none || type > NeuronType::gelu || type == NeuronType::prelu) {
                  report(Rule::mps_neuron, &self,
                         fmt::format("neuron type {} has parameters for each channel, or is none",
                                     static_cast<int32_t>(type)));
                  return;
                }
                self.neuron = {type, a, b, c};
              })
      .method("neuronType", [](Sum& self) { return self.neuron.type; })
      .method("neuronParameterA", [](Sum& self) { return self.neuron.a; })
      .method("neuronParameterB", [](Sum& self) { return self.neuron.b; })
      .method("neuronParameterC", [](Sum& self) { return self.neuron.c; })
      .method("encodeToCommandBuffer:sourceMatrices:resultMatrix:scaleVector:offsetVector:biasVector:startIndex:",
              [](Sum& self, CommandBuffer& command_buffer, Array& sources, Matrix& result, Vector* scales,
                 Vector* offsets, Vector* bias,
                 uint64_t start) { encode(self, command_buffer, sources, result, scales, offsets, bias, start); });
}

}  // namespace metalhost::mps
