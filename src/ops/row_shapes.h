#pragma once

#include "temper/tensor.h"

// Shapes of ops that work on the last dimension, row by row.
namespace temper {

/// The type that statistics of a row have: f32, and f64 for f64.
inline DType statistics_dtype(DType dtype) {
  return dtype == DType::f64 ? DType::f64 : DType::f32;
}

/// [.., d] -> [..].
inline Shape without_last(const Shape& shape) {
  return Shape(shape.extents().first(static_cast<size_t>(shape.rank() - 1)));
}

/// [.., d] -> [.., extent].
inline Shape with_last(const Shape& shape, int64_t extent) {
  Shape result = shape;
  result.set(-1, extent);
  return result;
}

}  // namespace temper
