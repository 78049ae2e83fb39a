#pragma once

#include <cstdint>
#include <vector>

#include "device/context.h"

// Inputs of the benchmarks, from seeds, and their values as the device rounded them.
namespace temper::bench {

/// Uniform in [-1, 1).
std::vector<float> random_values(int64_t count, uint64_t seed);
/// The same on the device in `dtype`.
Tensor random_tensor(Context& ctx, const Shape& shape, DType dtype, uint64_t seed);
/// A frozen weight of random values in [-1, 1) / sqrt(columns): dense in the type, or random blocks of it.
WeightHandle random_weight(Context& ctx, int64_t rows, int64_t columns, QuantType type, uint64_t seed);

/// What the device holds, as f32.
std::vector<float> values_of(Context& ctx, const Tensor& tensor);
std::vector<float> values_of(Context& ctx, const WeightHandle& weight);

}  // namespace temper::bench
