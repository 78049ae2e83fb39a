#include "ops/matmul.h"

#include "ops/op.h"
#include "ops/reduce.h"
#include "ops/unary.h"

namespace temper {
namespace {

using specs::Matmul;

Shape batch_of(const Shape& shape) {
  return Shape(shape.extents().first(static_cast<size_t>(shape.rank() - 2)));
}

std::vector<TensorSpec> infer(std::span<const TensorSpec> in, const Matmul::Attrs& attrs) {
  const Shape &a = in[0].shape(), &b = in[1].shape();
  if (a.rank() < 2 || b.rank() < 2)
    fail(ErrorCode::shape_mismatch, "matmul: lhs {} x rhs {}: both need at least 2 dimensions; reshape?", to_string(a),
         to_string(b));
  if (!is_floating(in[0].dtype) || in[0].dtype != in[1].dtype)
    fail(ErrorCode::dtype_mismatch, "matmul: lhs {} x rhs {}: both must be of one floating type; cast one?",
         to_string(in[0]), to_string(in[1]));
  const int64_t m = a[attrs.trans_a ? -1 : -2], ka = a[attrs.trans_a ? -2 : -1];
  const int64_t n = b[attrs.trans_b ? -2 : -1], kb = b[attrs.trans_b ? -1 : -2];
  if (ka != kb)
    fail(ErrorCode::shape_mismatch, "matmul: lhs {}{} x rhs {}{}: inner dimensions {} and {} differ; transpose {}?",
         to_string(a), attrs.trans_a ? " transposed" : "", to_string(b), attrs.trans_b ? " transposed" : "", ka, kb,
         kb == m ? "lhs" : "rhs");
  Shape batch = broadcast_shapes(batch_of(a), batch_of(b), "matmul");
  std::vector<int64_t> extents(batch.begin(), batch.end());
  extents.push_back(m);
  extents.push_back(n);
  const TensorSpec out = spec(in[0].dtype, Shape(extents));
  if (in.size() == 3 && (in[2].shape() != out.shape() || in[2].dtype != out.dtype))
    fail(ErrorCode::shape_mismatch, "matmul: the addend {} must be {}", to_string(in[2]), to_string(out));
  return {out};
}

Saved saves(uint32_t needs_grad, const Matmul::Attrs&) {
  return {.inputs = ((needs_grad & 1u) ? 2u : 0u) | ((needs_grad & 2u) ? 1u : 0u)};
}

std::vector<Tensor> vjp(Context& ctx, const VjpArgs<Matmul::Attrs>& args) {
  const Tensor& dy = args.grads[0];
  const Tensor &a = args.inputs[0], &b = args.inputs[1];
  const auto [ta, tb, alpha, beta] = args.attrs;
  std::vector<Tensor> grads(args.specs.size());
  if (args.needs(0)) {
    // y = op(a) op(b): d op(a) = dy op(b)^T, laid out as a is stored.
    const Tensor da = ta ? matmul(ctx, b, dy, {.trans_a = tb, .trans_b = true, .alpha = alpha})
                         : matmul(ctx, dy, b, {.trans_a = false, .trans_b = !tb, .alpha = alpha});
    grads[0] = sum_to(ctx, da, args.specs[0].shape());
  }
  if (args.needs(1)) {
    const Tensor db = tb ? matmul(ctx, dy, a, {.trans_a = true, .trans_b = ta, .alpha = alpha})
                         : matmul(ctx, a, dy, {.trans_a = !ta, .trans_b = false, .alpha = alpha});
    grads[1] = sum_to(ctx, db, args.specs[1].shape());
  }
  if (args.specs.size() == 3 && args.needs(2)) grads[2] = beta == 1.0f ? dy : scale(ctx, dy, double{beta});
  return grads;
}

constexpr OpRule<Matmul> kMatmul{.infer = infer, .saves = saves, .vjp = vjp};

}  // namespace

Tensor matmul(Context& ctx, const Tensor& a, const Tensor& b, const Matmul::Attrs& attrs) {
  return apply_one(ctx, kMatmul, {a, b}, attrs);
}

Tensor matmul_add(Context& ctx, const Tensor& a, const Tensor& b, const Tensor& c, const Matmul::Attrs& attrs) {
  std::vector<Tensor> inputs = {a, b};
  inputs.push_back(contiguous(ctx, c));
  return apply_one(ctx, kMatmul, std::move(inputs), attrs);
}

}  // namespace temper
