#pragma once

#include <cmath>

#include "conformance/record.h"
#include "conformance/stored_weight.h"

// Inputs that records and the tests beside them share.
namespace temper::conformance {

/// [rows, columns] from a seed, on the grid that every storage holds exactly.
inline Array weight_values(int64_t rows, int64_t columns, uint64_t seed) {
  Array values = uniform({rows, columns}, seed, -1.0, 1.0);
  for (double& value : values.values) value = on_weight_grid(value);
  return values;
}

/// A matrix as a frozen weight on the context's device.
inline WeightHandle stored(Context& ctx, const Array& values, QuantType type) {
  return stored_weight(ctx, values.shape[0], values.shape[1], values.values, type);
}

/// f32[half]: rope's, of theta 10,000.
inline Array inverse_frequencies(int64_t half) {
  Array frequencies = filled({half}, 0.0);
  for (int64_t i = 0; i < half; ++i) frequencies[i] = std::pow(10000.0, -static_cast<double>(i) / double(half));
  frequencies.dtype = DType::f32;
  return frequencies;
}

}  // namespace temper::conformance
