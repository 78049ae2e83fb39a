#include "ops/view.h"

#include <functional>

#include "ops/copy.h"
#include "ops/op.h"
#include "ops/pad.h"
#include "ops/reduce.h"

namespace temper {
namespace {

/// Views run no kernel; only their gradients do work.
class ViewNode final : public TapeNode {
 public:
  ViewNode(std::string_view op, std::function<Tensor(Context&, const Tensor&)> vjp) : op_(op), vjp_(std::move(vjp)) {}
  std::string_view op() const override { return op_; }
  std::vector<Tensor> vjp(Context& ctx, std::span<const Tensor> grads) override {
    if (!grads[0].defined()) return {Tensor()};
    return {vjp_(ctx, grads[0])};
  }

 private:
  std::string_view op_;
  std::function<Tensor(Context&, const Tensor&)> vjp_;
};

template <class Vjp>
Tensor recorded(Context& ctx, std::string_view op, const Tensor& x, Tensor view, Vjp vjp) {
  if (!ctx.tape() || !x.requires_grad()) return view;
  auto node = std::make_unique<ViewNode>(op, std::move(vjp));
  node->input_ids = {x.grad_id()};
  node->output_ids = {ctx.tape()->new_grad_id()};
  view = view.with_grad_id(node->output_ids[0]);
  ctx.tape()->record(std::move(node));
  return view;
}

}  // namespace

Tensor reshape(Context& ctx, const Tensor& x, const Shape& shape) {
  if (x.elements() != shape.elements())
    fail(ErrorCode::shape_mismatch, "reshape: {} has {} elements, {} has {}", to_string(x), x.elements(),
         to_string(shape), shape.elements());
  const Tensor source = contiguous(ctx, x);
  Layout layout = Layout::contiguous(shape);
  layout.offset = source.layout().offset;
  return recorded(ctx, "reshape", source, source.with_layout(layout),
                  [shape = x.shape()](Context& c, const Tensor& dy) { return reshape(c, dy, shape); });
}

Tensor transpose(Context& ctx, const Tensor& x, int dim_a, int dim_b) {
  return recorded(ctx, "transpose", x, x.with_layout(x.layout().transposed(dim_a, dim_b)),
                  [=](Context& c, const Tensor& dy) { return transpose(c, dy, dim_a, dim_b); });
}

Tensor slice(Context& ctx, const Tensor& x, int dimension, int64_t begin, int64_t end) {
  const int64_t after = x.dim(dimension) - end;
  return recorded(ctx, "slice", x, x.with_layout(x.layout().sliced(dimension, begin, end)),
                  [=](Context& c, const Tensor& dy) { return pad(c, dy, dimension, begin, after); });
}

Tensor broadcast_to(Context& ctx, const Tensor& x, const Shape& shape) {
  return recorded(ctx, "broadcast_to", x, x.with_layout(x.layout().broadcast_to(shape)),
                  [original = x.shape()](Context& c, const Tensor& dy) { return sum_to(c, dy, original); });
}

}  // namespace temper
