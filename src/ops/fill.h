#pragma once

#include "device/context.h"

namespace temper {

/// A tensor of one repeated value.
Tensor full(Context& ctx, DType dtype, const Shape& shape, double value);
inline Tensor zeros(Context& ctx, DType dtype, const Shape& shape) {
  return full(ctx, dtype, shape, 0.0);
}

}  // namespace temper
