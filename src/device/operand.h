#pragma once

#include <memory>
#include <span>
#include <vector>

#include "temper/tensor.h"
#include "tensor/buffer.h"

namespace temper {

/// What a kernel reads or writes. Outputs reach a kernel as operands, never as tensors: the tensor over a buffer is
/// made only after the kernel has been encoded.
struct Operand {
  std::shared_ptr<Buffer> buffer;
  TensorSpec spec;

  const Shape& shape() const { return spec.layout.shape; }
  int64_t dim(int dimension) const { return shape()[dimension]; }
  int64_t elements() const { return shape().elements(); }
  DType dtype() const { return spec.dtype; }
  bool defined() const { return buffer != nullptr; }
};

inline Operand operand(const Tensor& tensor) {
  return {tensor.buffer(), tensor.spec()};
}

using Operands = std::span<const Operand>;

}  // namespace temper
