#include "ops/op.h"

#include "tensor/buffer.h"

namespace temper::detail {

void check_operands(Context& ctx, std::string_view op, std::span<const Tensor> inputs) {
  TEMPER_ASSERT(inputs.size() <= kMaxOperands);
  for (size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].defined() && inputs[i].device() != ctx.device())
      fail(ErrorCode::device_mismatch, "{}: input {} is on {}, the context on {}; copy it there first", op, i,
           to_string(inputs[i].device()), to_string(ctx.device()));
}

void fail_without_kernel(const Context& ctx, std::string_view op, std::span<const TensorSpec> inputs) {
  std::string text;
  for (const TensorSpec& input : inputs) text += (text.empty() ? "" : ", ") + to_string(input);
  fail(ErrorCode::unsupported, "{}: {} has no kernel for ({}), and the op is a primitive", op, to_string(ctx.device()),
       text);
}

uint64_t buffer_version(const Tensor& tensor) {
  return tensor.buffer()->version();
}

void check_in_place(std::string_view op, std::span<const Tensor> tensors, size_t states) {
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].requires_grad())
      fail(ErrorCode::invalid_argument, "{}: {} requires a gradient, and the op works in place; detach it?", op,
           to_string(tensors[i]));
    TEMPER_ASSERT(i >= states || tensors[i].is_contiguous());
  }
}

void check_version(std::string_view op, const Tensor& saved, uint64_t version) {
  if (saved.buffer()->version() != version)
    fail(ErrorCode::internal, "{}: a tensor saved for its gradient ({}) was changed in place since", op,
         to_string(saved));
}

namespace {

/// True when nobody else holds the buffer; then all that other threads did with it came before.
bool sole_owner(const std::shared_ptr<Buffer>& buffer) {
  if (buffer.use_count() != 1) return false;
  // use_count() is a relaxed load: it may show that another thread let go without ordering its reads of the memory
  // before our writes. Taking a handle and dropping it is an acquiring read-modify-write of the count which that thread
  // released; unlike with a fence, ThreadSanitizer sees it.
  { const std::shared_ptr<Buffer> handle = buffer; }  // NOLINT(performance-unnecessary-copy-initialization)
  return true;
}

}  // namespace

std::shared_ptr<Buffer> output_buffer(Context& ctx, const TensorSpec& output, Tensor* reusable) {
  // One reference: the op's own list of inputs; `buffer()` hands out no copy.
  if (reusable && reusable->defined() && reusable->is_contiguous() && reusable->layout().offset == 0 &&
      reusable->spec().bytes() == output.bytes() && reusable->buffer()->bytes() == output.bytes() &&
      sole_owner(reusable->buffer()))
    return reusable->buffer();
  return ctx.stream().allocate(output.bytes());
}

}  // namespace temper::detail
