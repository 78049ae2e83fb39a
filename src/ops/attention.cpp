#include "ops/attention.h"

#include <cmath>

#include "ops/binary.h"
#include "ops/cast.h"
#include "ops/fill.h"
#include "ops/matmul.h"
#include "ops/op.h"
#include "ops/reduce.h"
#include "ops/rules.h"
#include "ops/segment_mask.h"
#include "ops/unary.h"

namespace temper {
namespace {

using specs::Attention;
using specs::AttentionBackward;

// Stands for the maximum of a row that sees nothing: below every score, and -infinity minus it is -infinity, not NaN.
constexpr double kLowestScore = -1e30;

std::vector<TensorSpec> infer(std::span<const TensorSpec> in, const Attention::Attrs& attrs) {
  const TensorSpec &q = in[0], &k = in[1], &v = in[2];
  require_floating("attention", q);
  if (q.dtype != k.dtype || q.dtype != v.dtype)
    fail(ErrorCode::dtype_mismatch, "attention: q {}, k {} and v {} must be of one type; cast?", to_string(q),
         to_string(k), to_string(v));
  if (q.shape().rank() != 3 || k.shape().rank() != 3 || k.shape() != v.shape() || q.shape()[2] != k.shape()[2])
    fail(ErrorCode::shape_mismatch, "attention: q {}, k {}, v {}: they must be [Nq,H,D], [Nk,KV,D] and [Nk,KV,D]",
         to_string(q), to_string(k), to_string(v));
  if (k.shape()[1] < 1 || q.shape()[1] % k.shape()[1] != 0)
    fail(ErrorCode::shape_mismatch, "attention: {} heads in q {} are no multiple of the {} in k {}", q.shape()[1],
         to_string(q), k.shape()[1], to_string(k));
  require_indices("attention", "segments", in[3], {in[3].shape().rank() ? in[3].shape()[0] : 0, 4});
  if (attrs.window < 0 || attrs.max_queries < 0 || attrs.max_keys < 0 || !std::isfinite(attrs.scale))
    fail(ErrorCode::invalid_argument,
         "attention: window {}, max_queries {}, max_keys {}, scale {}: none may be negative, scale must be finite",
         attrs.window, attrs.max_queries, attrs.max_keys, attrs.scale);
  return {spec(q.dtype, q.shape()), spec(accumulator_dtype(q.dtype), {q.shape()[1], q.shape()[0]})};
}

/// x [N, H, D] as [groups, H / groups, N, D], heads outermost, in a wide type.
Tensor by_heads(Context& ctx, const Tensor& x, int64_t groups) {
  const Tensor heads = transpose(ctx, cast(ctx, x, accumulator_dtype(x.dtype())), 0, 1);
  return reshape(ctx, heads, {groups, x.dim(1) / groups, x.dim(0), x.dim(2)});
}

/// The way back: [KV, G, N, D] to [N, KV G, D] in `dtype`.
Tensor by_tokens(Context& ctx, const Tensor& x, DType dtype) {
  const Tensor heads = reshape(ctx, x, {x.dim(0) * x.dim(1), x.dim(2), x.dim(3)});
  return cast(ctx, contiguous(ctx, transpose(ctx, heads, 0, 1)), dtype);
}

/// Masked scores [KV, G, Nq, Nk] of q [KV, G, Nq, D] with k [KV, 1, Nk, D].
Tensor masked_scores(Context& ctx, const Tensor& q, const Tensor& k, const Tensor& segments,
                     const Attention::Attrs& attrs) {
  const Tensor mask = segment_mask(
      ctx, segments,
      {.queries = q.dim(2), .keys = k.dim(2), .causal = attrs.causal, .window = attrs.window, .dtype = q.dtype()});
  return add(ctx, matmul(ctx, q, k, {.trans_b = true, .alpha = attrs.scale}), mask);
}

Tensor at_least(Context& ctx, const Tensor& x, double value) {
  return maximum(ctx, x, full(ctx, x.dtype(), {}, value));
}

std::vector<Tensor> composite(Context& ctx, std::span<const Tensor> in, const Attention::Attrs& attrs) {
  const int64_t groups = in[1].dim(1);
  const Tensor q = by_heads(ctx, in[0], groups), k = by_heads(ctx, in[1], groups), v = by_heads(ctx, in[2], groups);
  const Tensor scores = masked_scores(ctx, q, k, in[3], attrs);
  const Tensor top = at_least(ctx, max(ctx, scores, {-1}), kLowestScore);
  const Tensor weights = exp(ctx, sub(ctx, scores, top));
  const Tensor total = sum(ctx, weights, {-1});
  // A row that sees a key has a total of at least 1 (its maximum); a row that sees none has 0, and 0 / 1 is what we
  // want.
  const Tensor out = div(ctx, matmul(ctx, weights, v), at_least(ctx, total, 1.0));
  const Tensor lse = add(ctx, top, log(ctx, total));
  return {by_tokens(ctx, out, in[0].dtype()), reshape(ctx, lse, {in[0].dim(1), in[0].dim(0)})};
}

std::vector<TensorSpec> infer_backward(std::span<const TensorSpec> in, const AttentionBackward::Attrs&) {
  return {spec(in[1].dtype, in[1].shape()), spec(in[2].dtype, in[2].shape()), spec(in[3].dtype, in[3].shape())};
}

std::vector<Tensor> composite_backward(Context& ctx, std::span<const Tensor> in,
                                       const AttentionBackward::Attrs& attrs) {
  const int64_t groups = in[2].dim(1);
  const DType dtype = in[1].dtype();
  const Tensor dout = by_heads(ctx, in[0], groups), out = by_heads(ctx, in[4], groups);
  const Tensor q = by_heads(ctx, in[1], groups), k = by_heads(ctx, in[2], groups), v = by_heads(ctx, in[3], groups);
  const Tensor lse = at_least(ctx, reshape(ctx, in[5], with_last(q.shape(), 1)), kLowestScore);
  const Tensor p = exp(ctx, sub(ctx, masked_scores(ctx, q, k, in[6], attrs), lse));
  const Tensor dp = matmul(ctx, dout, v, {.trans_b = true});
  const Tensor delta = sum(ctx, mul(ctx, dout, out), {-1});
  const Tensor ds = mul(ctx, p, sub(ctx, dp, delta));
  const Tensor dq = matmul(ctx, ds, k, {.alpha = attrs.scale});
  const Tensor dk = sum(ctx, matmul(ctx, ds, q, {.trans_a = true, .alpha = attrs.scale}), {1});
  const Tensor dv = sum(ctx, matmul(ctx, p, dout, {.trans_a = true}), {1});
  return {by_tokens(ctx, dq, dtype), by_tokens(ctx, dk, dtype), by_tokens(ctx, dv, dtype)};
}

constexpr OpRule<AttentionBackward> kAttentionBackward{.infer = infer_backward, .composite = composite_backward};

Saved saves(uint32_t, const Attention::Attrs&) {
  return {.inputs = 15, .outputs = 3};
}

std::vector<Tensor> vjp(Context& ctx, const VjpArgs<Attention::Attrs>& args) {
  auto grads = apply(
      ctx, kAttentionBackward,
      {args.grads[0], args.inputs[0], args.inputs[1], args.inputs[2], args.outputs[0], args.outputs[1], args.inputs[3]},
      args.attrs);
  for (int i = 0; i < 3; ++i)
    if (!args.needs(i)) grads[static_cast<size_t>(i)] = Tensor();
  grads.emplace_back();
  return grads;
}

constexpr OpRule<Attention> kAttention{
    .infer = infer, .composite = composite, .saves = saves, .vjp = vjp, .outputs_without_grad = 2};

}  // namespace

Tensor attention(Context& ctx, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& segments,
                 const AttentionAttrs& attrs) {
  return apply(ctx, kAttention, {q, k, v, segments}, attrs)[0];
}

}  // namespace temper
