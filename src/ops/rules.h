#pragma once

#include <string>
#include <string_view>

#include "base/fail.h"
#include "device/context.h"
#include "ops/view.h"

// Small pieces shared by the shape rules and composites of ops.
namespace temper {

/// The type that sums and statistics over values of `dtype` are kept in.
inline DType accumulator_dtype(DType dtype) {
  return dtype == DType::f64 ? DType::f64 : DType::f32;
}

/// `shape` with another last dimension.
inline Shape with_last(const Shape& shape, int64_t extent) {
  Shape result = shape;
  result.set(-1, extent);
  return result;
}

/// [.., d] -> [..].
inline Shape without_last(const Shape& shape) {
  return Shape(shape.extents().first(static_cast<size_t>(shape.rank() - 1)));
}

/// x [.., d] as a matrix [rows, d].
inline Tensor as_matrix(Context& ctx, const Tensor& x) {
  const int64_t columns = x.dim(-1);
  return reshape(ctx, x, {columns ? x.elements() / columns : 0, columns});
}

/// "weight 'model.norm' [576,64]".
inline std::string describe_weight(const WeightHandle& weight) {
  return fmt::format("weight '{}' [{},{}]", weight->name(), weight->rows(), weight->columns());
}

inline void require_weight(std::string_view op, const WeightHandle& weight) {
  if (!weight) fail(ErrorCode::invalid_argument, "{}: the weight is missing; prepare it on the backend first?", op);
}

inline void require_floating(std::string_view op, const TensorSpec& x) {
  if (!is_floating(x.dtype))
    fail(ErrorCode::dtype_mismatch, "{}: {} is not of a floating type; cast it?", op, to_string(x));
}

/// `what` names the operand in the message.
inline void require_indices(std::string_view op, std::string_view what, const TensorSpec& x, const Shape& shape) {
  if (x.dtype != DType::i32 || x.shape() != shape)
    fail(x.dtype != DType::i32 ? ErrorCode::dtype_mismatch : ErrorCode::shape_mismatch, "{}: {} {} must be i32{}", op,
         what, to_string(x), to_string(shape));
}

}  // namespace temper
