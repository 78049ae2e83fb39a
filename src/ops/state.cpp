#include "ops/state.h"

#include "ops/copy.h"
#include "ops/fill.h"

namespace temper {

State::State(Context& ctx, const Tensor& initial) {
  Context::TapeScope off(ctx, nullptr);
  value_ = copy(ctx, initial.detached());
}

State State::zeros(Context& ctx, DType dtype, const Shape& shape) {
  State state;
  state.value_ = temper::zeros(ctx, dtype, shape);
  return state;
}

Tensor State::view(int64_t offset, const Shape& shape) const {
  Layout layout = Layout::contiguous(shape);
  layout.offset = value_.layout().offset + offset;
  return value_.with_layout(layout);
}

}  // namespace temper
