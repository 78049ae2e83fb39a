#pragma once

#include <algorithm>
#include <array>
#include <type_traits>

#include "base/fail.h"
#include "device/cpu/stream.h"
#include "device/kernel_table.h"
#include "tensor/half.h"

// Typed loops shared by the element-wise kernels.
namespace temper::cpu {

/// The type that arithmetic on T happens in: f64 for f64, else f32.
template <class T>
using Wide = std::conditional_t<std::is_same_v<T, double>, double, float>;

template <class T>
Wide<T> widen(T x) {
  if constexpr (std::is_same_v<T, double>)
    return x;
  else
    return to_f32(x);
}
template <class T>
T narrow(Wide<T> x) {
  if constexpr (std::is_same_v<T, double>)
    return x;
  else
    return from_f32<T>(x);
}

/// Calls f.template operator()<T>() for the element type of a floating dtype.
template <class F>
auto for_floating(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f32:
      return f.template operator()<float>();
    case DType::f16:
      return f.template operator()<f16_t>();
    case DType::bf16:
      return f.template operator()<bf16_t>();
    case DType::f64:
      return f.template operator()<double>();
    default:
      fail(ErrorCode::internal, "cpu kernel: {} is not a floating type", name_of(dtype));
  }
}

/// Bodies that only f32, f16 and bf16 reach.
template <class F>
auto for_compute_type(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f32:
      return f.template operator()<float>();
    case DType::f16:
      return f.template operator()<f16_t>();
    case DType::bf16:
      return f.template operator()<bf16_t>();
    default:
      fail(ErrorCode::internal, "cpu kernel: {} is not a compute type", name_of(dtype));
  }
}

inline bool is_compute_type(DType dtype) {
  return dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16;
}

/// Where row r of a layout begins, rows being all dimensions but the last.
class RowIndex {
 public:
  explicit RowIndex(const Layout& layout)
      : layout_(layout),
        columns_(layout.shape.rank() ? layout.shape[-1] : 1),
        stride_(layout.shape.rank() ? layout.strides[static_cast<size_t>(layout.shape.rank() - 1)] : 1) {
    for (int d = 0; d + 1 < layout.shape.rank(); ++d) rows_ *= layout.shape[d];
  }
  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  int64_t stride() const { return stride_; }
  /// Element offset relative to the operand's first element.
  int64_t operator()(int64_t row) const {
    int64_t at = 0;
    for (int d = layout_.shape.rank() - 2; d >= 0; --d) {
      const int64_t extent = layout_.shape[d];
      at += row % extent * layout_.strides[static_cast<size_t>(d)];
      row /= extent;
    }
    return at;
  }

 private:
  Layout layout_;
  int64_t rows_ = 1, columns_, stride_;
};

/// Rows to give one slice so that it does about `items` element operations.
inline int64_t row_grain(int64_t columns, int64_t items = 16384) {
  return std::max<int64_t>(1, items / std::max<int64_t>(1, columns));
}

}  // namespace temper::cpu
