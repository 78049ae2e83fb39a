#include "temper/tensor.h"

#include "base/fail.h"
#include "tensor/buffer.h"

namespace temper {

TensorSpec spec(DType dtype, const Shape& shape) {
  return {dtype, Layout::contiguous(shape)};
}

std::string to_string(const TensorSpec& spec) {
  return fmt::format("{}{}", name_of(spec.dtype), to_string(spec.layout.shape));
}

Tensor::Tensor(std::shared_ptr<Buffer> buffer, const TensorSpec& spec) : buffer_(std::move(buffer)), spec_(spec) {
  TEMPER_ASSERT(buffer_ != nullptr);
  const int64_t end = spec_.layout.end();
  if (spec_.layout.offset < 0 || static_cast<size_t>(end) * size_of(spec_.dtype) > buffer_->bytes())
    fail(ErrorCode::shape_mismatch, "tensor: {} at offset {} needs {} bytes, its buffer has {}", to_string(spec_),
         spec_.layout.offset, static_cast<size_t>(end) * size_of(spec_.dtype), buffer_->bytes());
}

Device Tensor::device() const {
  TEMPER_ASSERT(defined());
  return buffer_->device();
}

Tensor Tensor::with_grad_id(uint64_t id) const {
  Tensor copy = *this;
  copy.grad_id_ = id;
  return copy;
}

Tensor Tensor::with_layout(const Layout& layout) const {
  return Tensor(buffer_, {spec_.dtype, layout});
}

std::string to_string(const Tensor& tensor) {
  if (!tensor.defined()) return "undefined";
  return fmt::format("{} on {}", to_string(tensor.spec()), to_string(tensor.device()));
}

}  // namespace temper
