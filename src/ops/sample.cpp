#include "ops/sample.h"

#include <limits>
#include <vector>

#include "device/op_specs/sample.h"
#include "device/transfer.h"
#include "ops/op.h"

namespace temper {
namespace {

using specs::RepetitionPenalty;
using specs::Sample;

void check_logits(std::string_view op, const TensorSpec& logits) {
  if (!is_floating(logits.dtype))
    fail(ErrorCode::dtype_mismatch, "{}: logits {} are not of a floating type", op, to_string(logits));
  if (logits.shape().rank() != 2 || logits.shape()[1] < 1 || logits.shape()[1] > std::numeric_limits<int32_t>::max())
    fail(ErrorCode::shape_mismatch, "{}: logits {} must be [B, V] with V of 1 to 2^31 - 1", op, to_string(logits));
}

constexpr OpRule<Sample> kSample{
    .infer = [](std::span<const TensorSpec> in, const Sample::Attrs&) -> std::vector<TensorSpec> {
      check_logits("sample", in[0]);
      const int64_t rows = in[0].shape()[0];
      if (in[1].dtype != DType::f32 || in[1].shape() != Shape{rows, 4})
        fail(ErrorCode::shape_mismatch,
             "sample: logits {} with params {}: params must be f32[{},4] (temperature, top_k, top_p, min_p)",
             to_string(in[0]), to_string(in[1]), rows);
      TEMPER_ASSERT(in[2].dtype == DType::i64 && in[2].shape() == Shape{2});
      return {spec(DType::i32, {rows})};
    },
};

constexpr OpRule<RepetitionPenalty> kRepetitionPenalty{
    .infer = [](std::span<const TensorSpec> in, const RepetitionPenalty::Attrs& attrs) -> std::vector<TensorSpec> {
      check_logits("repetition_penalty", in[0]);
      if (in[1].dtype != DType::i32 || in[1].shape().rank() != 2 || in[1].shape()[0] != in[0].shape()[0])
        fail(ErrorCode::shape_mismatch, "repetition_penalty: logits {} with history {}: history must be i32[{}, L]",
             to_string(in[0]), to_string(in[1]), in[0].shape()[0]);
      if (!(attrs.penalty > 0.0f))
        fail(ErrorCode::invalid_argument, "repetition_penalty: penalty {} is not positive", attrs.penalty);
      return {spec(in[0].dtype, in[0].shape())};
    },
};

}  // namespace

Tensor sample(Context& ctx, const Tensor& logits, const Tensor& params) {
  return apply_one(ctx, kSample, {logits, params, ctx.rng_state()}, {.site = ctx.next_rng_site()});
}

Tensor sample(Context& ctx, const Tensor& logits, const SampleAttrs& attrs) {
  if (!(attrs.temperature >= 0.0f) || attrs.top_k < 0 || !(attrs.top_p > 0.0f && attrs.top_p <= 1.0f) ||
      !(attrs.min_p >= 0.0f && attrs.min_p <= 1.0f))
    fail(ErrorCode::invalid_argument,
         "sample: temperature {}, top_k {}, top_p {}, min_p {}: temperature and top_k must not be negative, top_p must "
         "lie in (0, 1], min_p in [0, 1]",
         attrs.temperature, attrs.top_k, attrs.top_p, attrs.min_p);
  check_logits("sample", logits.spec());
  std::vector<float> rows;
  for (int64_t row = 0; row < logits.dim(0); ++row)
    rows.insert(rows.end(), {attrs.temperature, static_cast<float>(attrs.top_k), attrs.top_p, attrs.min_p});
  return sample(ctx, logits, upload(ctx, rows, {logits.dim(0), 4}));
}

Tensor repetition_penalty(Context& ctx, const Tensor& logits, const Tensor& history, float penalty) {
  return apply_one(ctx, kRepetitionPenalty, {logits, history}, {.penalty = penalty});
}

}  // namespace temper
