#include "ops/dropout.h"

#include "device/op_specs/dropout.h"
#include "ops/op.h"

namespace temper {
namespace {

using specs::Dropout;

std::vector<TensorSpec> dropout_infer(std::span<const TensorSpec> in, const Dropout::Attrs& attrs) {
  if (!is_floating(in[0].dtype))
    fail(ErrorCode::dtype_mismatch, "dropout: {} is not a floating type", to_string(in[0]));
  if (!(attrs.p >= 0.0f && attrs.p < 1.0f))
    fail(ErrorCode::invalid_argument, "dropout: p {} lies outside [0, 1)", attrs.p);
  TEMPER_ASSERT(in[1].dtype == DType::i64 && in[1].shape() == Shape{2});
  return {spec(in[0].dtype, in[0].shape())};
}

extern const OpRule<Dropout> kDropout;

std::vector<Tensor> dropout_vjp(Context& ctx, const VjpArgs<Dropout::Attrs>& args) {
  return {apply_one(ctx, kDropout, {args.grads[0], args.inputs[1]}, args.attrs), Tensor()};
}

const OpRule<Dropout> kDropout{
    .infer = dropout_infer,
    .saves = [](uint32_t, const Dropout::Attrs&) -> Saved { return {.inputs = 0b10}; },
    .vjp = dropout_vjp,
};

}  // namespace

Tensor dropout(Context& ctx, const Tensor& x, float p) {
  if (p == 0.0f) return x;
  return apply_one(ctx, kDropout, {x, ctx.rng_state()}, {.p = p, .site = ctx.next_rng_site()});
}

}  // namespace temper
