#include "ops/softmax.h"

#include <limits>

#include "device/op_specs/softmax.h"
#include "ops/binary.h"
#include "ops/cast.h"
#include "ops/fill.h"
#include "ops/op.h"
#include "ops/reduce.h"
#include "ops/rules.h"
#include "ops/unary.h"

namespace temper {
namespace {

using specs::LogSoftmax;
using specs::LogSoftmaxBackward;
using specs::Softmax;
using specs::SoftmaxBackward;

template <class Spec>
std::vector<TensorSpec> softmax_infer(std::span<const TensorSpec> in, const typename Spec::Attrs&) {
  if (in[0].shape().rank() < 1)
    fail(ErrorCode::shape_mismatch, "{}: {} has no dimension to normalise", Spec::name, to_string(in[0]));
  if (!is_floating(in[0].dtype))
    fail(ErrorCode::dtype_mismatch, "{}: {} is not a floating type", Spec::name, to_string(in[0]));
  return {spec(in[0].dtype, in[0].shape())};
}

template <class Spec>
std::vector<TensorSpec> softmax_infer_backward(std::span<const TensorSpec> in, const typename Spec::Attrs&) {
  if (in[0].dtype != in[1].dtype || in[0].shape() != in[1].shape() || !is_floating(in[0].dtype))
    fail(ErrorCode::shape_mismatch, "{}: dy {} and y {} differ", Spec::name, to_string(in[0]), to_string(in[1]));
  return {spec(in[1].dtype, in[1].shape())};
}

/// x less its row maximum, and the sum of the exponentials. A row of -infinity has no finite maximum: the lowest number
/// stands in, and the smallest positive one for the sum, so that its quotients are 0 / tiny = 0. Other sums are >= 1.
struct ShiftedRows {
  Tensor shifted, exponentials, sum;
};

ShiftedRows shift_rows(Context& ctx, const Tensor& x) {
  const bool wide = x.dtype() == DType::f64;
  const double lowest = wide ? std::numeric_limits<double>::lowest() : double{std::numeric_limits<float>::lowest()};
  const Tensor top = maximum(ctx, max(ctx, x, {-1}), full(ctx, x.dtype(), {}, lowest));
  const Tensor shifted = sub(ctx, x, top);
  const Tensor exponentials = exp(ctx, shifted);
  const double tiny = double{std::numeric_limits<float>::min()};
  return {shifted, exponentials, maximum(ctx, sum(ctx, exponentials, {-1}), full(ctx, x.dtype(), {}, tiny))};
}

std::vector<Tensor> softmax_composite(Context& ctx, std::span<const Tensor> in, const Softmax::Attrs&) {
  const ShiftedRows rows = shift_rows(ctx, cast(ctx, in[0], accumulator_dtype(in[0].dtype())));
  return {cast(ctx, div(ctx, rows.exponentials, rows.sum), in[0].dtype())};
}

std::vector<Tensor> log_softmax_composite(Context& ctx, std::span<const Tensor> in, const LogSoftmax::Attrs&) {
  const ShiftedRows rows = shift_rows(ctx, cast(ctx, in[0], accumulator_dtype(in[0].dtype())));
  return {cast(ctx, sub(ctx, rows.shifted, log(ctx, rows.sum)), in[0].dtype())};
}

std::vector<Tensor> softmax_backward_composite(Context& ctx, std::span<const Tensor> in,
                                               const SoftmaxBackward::Attrs&) {
  const DType wide = accumulator_dtype(in[0].dtype());
  const Tensor dy = cast(ctx, in[0], wide), y = cast(ctx, in[1], wide);
  const Tensor dot = sum(ctx, mul(ctx, dy, y), {-1});
  return {cast(ctx, mul(ctx, y, sub(ctx, dy, dot)), in[0].dtype())};
}

std::vector<Tensor> log_softmax_backward_composite(Context& ctx, std::span<const Tensor> in,
                                                   const LogSoftmaxBackward::Attrs&) {
  const DType wide = accumulator_dtype(in[0].dtype());
  const Tensor dy = cast(ctx, in[0], wide), y = cast(ctx, in[1], wide);
  const Tensor total = sum(ctx, dy, {-1});
  return {cast(ctx, sub(ctx, dy, mul(ctx, exp(ctx, y), total)), in[0].dtype())};
}

constexpr OpRule<SoftmaxBackward> kSoftmaxBackward{.infer = softmax_infer_backward<SoftmaxBackward>,
                                                   .composite = softmax_backward_composite};
constexpr OpRule<LogSoftmaxBackward> kLogSoftmaxBackward{.infer = softmax_infer_backward<LogSoftmaxBackward>,
                                                         .composite = log_softmax_backward_composite};

constexpr OpRule<Softmax> kSoftmax{
    .infer = softmax_infer<Softmax>,
    .composite = softmax_composite,
    .saves = [](uint32_t, const Softmax::Attrs&) -> Saved { return {.outputs = 1}; },
    .vjp = [](Context& ctx, const VjpArgs<Softmax::Attrs>& args) -> std::vector<Tensor> {
      return {apply_one(ctx, kSoftmaxBackward, {args.grads[0], args.outputs[0]}, {})};
    },
};

constexpr OpRule<LogSoftmax> kLogSoftmax{
    .infer = softmax_infer<LogSoftmax>,
    .composite = log_softmax_composite,
    .saves = [](uint32_t, const LogSoftmax::Attrs&) -> Saved { return {.outputs = 1}; },
    .vjp = [](Context& ctx, const VjpArgs<LogSoftmax::Attrs>& args) -> std::vector<Tensor> {
      return {apply_one(ctx, kLogSoftmaxBackward, {args.grads[0], args.outputs[0]}, {})};
    },
};

}  // namespace

Tensor softmax(Context& ctx, const Tensor& x) {
  return apply_one(ctx, kSoftmax, {x}, {});
}
Tensor log_softmax(Context& ctx, const Tensor& x) {
  return apply_one(ctx, kLogSoftmax, {x}, {});
}

}  // namespace temper
