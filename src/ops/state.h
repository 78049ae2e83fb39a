#pragma once

#include "device/context.h"

namespace temper {

/// Memory that `name_` ops change: parameters, optimizer moments, KV caches. Everything else is an immutable tensor.
/// The State owns its buffer; tensor() shares it, so what is read from it later sees later writes, and a tape that
/// saved it refuses to run backward after a write.
class State {
 public:
  State() = default;
  /// A state of its own that begins as a copy of `initial`.
  State(Context& ctx, const Tensor& initial);
  /// All zeros.
  static State zeros(Context& ctx, DType dtype, const Shape& shape);

  bool defined() const { return value_.defined(); }
  const Tensor& tensor() const { return value_; }
  /// Part of a contiguous state as another shape, from element `offset`.
  Tensor view(int64_t offset, const Shape& shape) const;
  const Shape& shape() const { return value_.shape(); }

 private:
  Tensor value_;
};

}  // namespace temper
