#pragma once

#include <span>
#include <vector>

#include "base/fail.h"
#include "device/context.h"
#include "temper/tensor.h"
#include "tensor/half.h"

namespace temper {

template <class T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, float>) return DType::f32;
  if constexpr (std::is_same_v<T, double>) return DType::f64;
  if constexpr (std::is_same_v<T, f16_t>) return DType::f16;
  if constexpr (std::is_same_v<T, bf16_t>) return DType::bf16;
  if constexpr (std::is_same_v<T, int32_t>) return DType::i32;
  if constexpr (std::is_same_v<T, int64_t>) return DType::i64;
  if constexpr (std::is_same_v<T, uint8_t>) return DType::u8;
}

/// A tensor from host bytes in row-major order. Throws Error{shape_mismatch} unless they fill the shape.
Tensor upload_bytes(Context& ctx, std::span<const std::byte> bytes, DType dtype, const Shape& shape);

template <class T>
Tensor upload(Context& ctx, std::span<const T> values, const Shape& shape) {
  return upload_bytes(ctx, std::as_bytes(values), dtype_of<T>(), shape);
}
template <class T>
Tensor upload(Context& ctx, const std::vector<T>& values, const Shape& shape) {
  return upload(ctx, std::span<const T>(values), shape);
}

/// Commits, waits and returns the elements in row-major order, also of strided tensors. Throws what asynchronous work
/// threw; Error{dtype_mismatch} unless T is the tensor's type.
void read_bytes(Context& ctx, const Tensor& tensor, std::span<std::byte> out);

template <class T>
std::vector<T> read(Context& ctx, const Tensor& tensor) {
  if (tensor.dtype() != dtype_of<T>())
    fail(ErrorCode::dtype_mismatch, "read: {} is not {}", to_string(tensor), name_of(dtype_of<T>()));
  std::vector<T> values(static_cast<size_t>(tensor.elements()));
  read_bytes(ctx, tensor, std::as_writable_bytes(std::span(values)));
  return values;
}

}  // namespace temper
