#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conformance/record.h"

// Running one record once.
namespace temper::conformance {

/// Seed of the gradient of output 0; output i's follows by i.
constexpr uint64_t kGradientSeed = 1000;

/// How inputs lie in memory.
enum class Placement { contiguous, offset, gaps, transposed };

/// What a run gave back: raw bytes for bitwise comparison, values for comparison with a reference.
struct Output {
  DType dtype = DType::f32;
  Array array;
  std::vector<std::byte> bytes;
  bool carries_gradient = false;  ///< the tape gave it a gradient to pass on
};

struct RunOptions {
  DType dtype = DType::f32;
  Placement placement = Placement::contiguous;
  bool gradients = false;  ///< also vjp, from fixed random gradients of the floating outputs
  /// Those gradients are rounded to this type as well, so that a run in f64 starts from the same numbers.
  std::optional<DType> seed_dtype = std::nullopt;
};

struct Outcome {
  std::vector<Output> outputs;
  std::vector<Output> gradients;  ///< of the differentiable inputs, in order
};

/// Encodes everything, then reads.
Outcome run_once(Context& ctx, const OpRecord& record, const Sample& sample, const RunOptions& options);

/// The sample with its differentiable inputs in the type under test, also those of a fixed one.
Sample in_one_type(const OpRecord& record, Sample sample);
/// The sample as the op sees it: values rounded to `dtype` where the input's type isn't fixed.
std::vector<Array> rounded_inputs(const Sample& sample, DType dtype);
double round_to(DType dtype, double value);
/// A backend of the process, opened once. `threads` 0: the default.
std::shared_ptr<Backend> backend(DeviceType type, int threads = 0);

}  // namespace temper::conformance
