#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "conformance/tolerance.h"
#include "device/context.h"

// What the conformance suite knows about an op. Each records/<op>.cpp defines
// `void register_<op>(std::vector<OpRecord>& records)`; CMake collects the files.
namespace temper::conformance {

/// Numbers on the host, in row-major order. Integers are exact in f64.
struct Array {
  Shape shape;
  std::vector<double> values;
  std::optional<DType> dtype = std::nullopt;  ///< of an input whose type is fixed (ids, hyperparameters)

  double& operator[](int64_t i) { return values[static_cast<size_t>(i)]; }
  double operator[](int64_t i) const { return values[static_cast<size_t>(i)]; }
  int64_t elements() const { return shape.elements(); }
};

Array array(const Shape& shape, std::vector<double> values);
/// All of one value.
Array filled(const Shape& shape, double value);
/// Uniform in [low, high), from a seed.
Array uniform(const Shape& shape, uint64_t seed, double low = -2.0, double high = 2.0);
Array ids(const Shape& shape, std::vector<double> values);
/// A frozen weight on the context's device: `values` [rows, columns] stored as f32.
WeightHandle weight(Context& ctx, const Array& values);

struct Sample {
  std::string name;
  std::vector<Array> inputs;
  /// Finite differences make sense: smooth around these inputs, and neither huge nor tiny.
  bool smooth = true;
};

/// A public op function with its attributes fixed.
struct OpRecord {
  std::string name;
  std::vector<Sample> samples;
  std::vector<DType> dtypes = {DType::f32, DType::f16, DType::bf16, DType::f64};
  std::function<std::vector<Tensor>(Context& ctx, const std::vector<Tensor>& inputs)> run;
  /// The same in f64, as plain loops that share nothing with the op.
  std::function<std::vector<Array>(const std::vector<Array>& inputs)> reference;
  std::vector<size_t> differentiable = {};  ///< inputs with a gradient
  Accuracy accuracy = Accuracy::rounded;
  /// False where a strided input takes another path through a library, which may sum in another order.
  bool strided_is_bit_identical = true;
};

/// Every record. Defined in the file that CMake generates.
std::vector<OpRecord> all_records();

}  // namespace temper::conformance
