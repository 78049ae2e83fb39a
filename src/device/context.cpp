#include "device/context.h"

#include <array>
#include <cstring>

#include "device/transfer.h"

namespace temper {

Context::Context(std::shared_ptr<Backend> backend, const StreamOptions& options)
    : backend_(std::move(backend)), stream_(backend_->new_stream(options)) {}

void Context::begin_step(uint64_t seed, uint64_t step) {
  const std::array<int64_t, 2> state = {static_cast<int64_t>(seed), static_cast<int64_t>(step)};
  rng_state_ = upload(*this, std::span<const int64_t>(state), {2});
  rng_site_ = 0;
  stream_->begin_step(step);
}

const Tensor& Context::rng_state() {
  if (!rng_state_.defined()) begin_step(0, 0);
  return rng_state_;
}

Tensor upload_bytes(Context& ctx, std::span<const std::byte> bytes, DType dtype, const Shape& shape) {
  const TensorSpec tensor_spec = spec(dtype, shape);
  if (bytes.size() != tensor_spec.bytes())
    fail(ErrorCode::shape_mismatch, "upload: {} needs {} bytes, {} were given", to_string(tensor_spec),
         tensor_spec.bytes(), bytes.size());
  return Tensor(ctx.stream().upload(bytes), tensor_spec);
}

void read_bytes(Context& ctx, const Tensor& tensor, std::span<std::byte> out) {
  if (tensor.device() != ctx.device())
    fail(ErrorCode::device_mismatch, "read: {} with a context on {}; read it with one of its own device",
         to_string(tensor), to_string(ctx.device()));
  TEMPER_ASSERT(out.size() == tensor.spec().bytes());
  const Layout& layout = tensor.layout();
  const size_t element = size_of(tensor.dtype());
  if (out.empty()) {  // an empty view may begin anywhere
    ctx.stream().read(*tensor.buffer(), 0, out);
    return;
  }
  if (layout.is_contiguous()) {
    ctx.stream().read(*tensor.buffer(), static_cast<size_t>(layout.offset) * element, out);
    return;
  }
  // A strided view: fetch the span it covers once, then gather on the host.
  std::vector<std::byte> covered(static_cast<size_t>(layout.end() - layout.offset) * element);
  ctx.stream().read(*tensor.buffer(), static_cast<size_t>(layout.offset) * element, covered);
  std::array<int64_t, Shape::kMaxRank> index{};
  const int rank = layout.shape.rank();
  for (size_t i = 0; i < out.size() / element; ++i) {
    int64_t at = 0;
    for (int d = 0; d < rank; ++d) at += index[static_cast<size_t>(d)] * layout.strides[static_cast<size_t>(d)];
    std::memcpy(out.data() + i * element, covered.data() + static_cast<size_t>(at) * element, element);
    for (int d = rank - 1; d >= 0; --d) {
      if (++index[static_cast<size_t>(d)] < layout.shape[d]) break;
      index[static_cast<size_t>(d)] = 0;
    }
  }
}

}  // namespace temper
