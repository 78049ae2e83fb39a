#pragma once

#include <memory>
#include <string>

#include "temper/device.h"
#include "temper/dtype.h"
#include "temper/shape.h"

namespace temper {

class Buffer;

/// Element type and layout of a tensor, without its data: what shape rules and `supports` look at.
struct TensorSpec {
  DType dtype = DType::f32;
  Layout layout;

  const Shape& shape() const { return layout.shape; }
  size_t bytes() const { return static_cast<size_t>(layout.shape.elements()) * size_of(dtype); }
};

/// A contiguous spec, as shape rules return them.
TensorSpec spec(DType dtype, const Shape& shape);
/// "f32[2,3]".
std::string to_string(const TensorSpec& spec);

/// An immutable value: a small handle on a buffer, a layout and an element type. Copies share the buffer. Views (slice,
/// transpose, broadcast) are free. A default-constructed tensor is undefined: it stands for "no value".
/// Contents are read with `read()` (device/transfer.h) and made by ops or `upload()`.
class Tensor {
 public:
  Tensor() = default;
  Tensor(std::shared_ptr<Buffer> buffer, const TensorSpec& spec);

  bool defined() const { return buffer_ != nullptr; }
  const Shape& shape() const { return spec_.layout.shape; }
  int rank() const { return shape().rank(); }
  int64_t dim(int dimension) const { return shape()[dimension]; }
  int64_t elements() const { return shape().elements(); }
  DType dtype() const { return spec_.dtype; }
  const Layout& layout() const { return spec_.layout; }
  const TensorSpec& spec() const { return spec_; }
  bool is_contiguous() const { return spec_.layout.is_contiguous(); }
  Device device() const;
  const std::shared_ptr<Buffer>& buffer() const { return buffer_; }

  /// Identity on a tape: 0 means that no gradient flows to this value.
  uint64_t grad_id() const { return grad_id_; }
  bool requires_grad() const { return grad_id_ != 0; }
  Tensor with_grad_id(uint64_t id) const;
  /// The same value, cut off from the tape.
  Tensor detached() const { return with_grad_id(0); }
  /// Another view of the same buffer, cut off from the tape; the differentiable views are ops (ops/view.h).
  Tensor with_layout(const Layout& layout) const;

 private:
  std::shared_ptr<Buffer> buffer_;
  TensorSpec spec_;
  uint64_t grad_id_ = 0;
};

/// "f32[2,3] on cpu:0".
std::string to_string(const Tensor& tensor);

}  // namespace temper
