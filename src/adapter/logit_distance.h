#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/language_model.h"
#include "models/text_processor.h"

namespace temper {

/// Tokens of a short built-in text, for comparing two forms of one model.
std::vector<int32_t> probe_tokens(const TextProcessor& processor);

/// Logits [tokens, vocab] of one sequence, in f32 on the host.
std::vector<float> sequence_logits(Context& ctx, const LanguageModel& model, const BoundAdapter* adapter,
                                   const std::vector<int32_t>& ids);

/// How far predictions moved.
struct LogitDistance {
  double kl = 0.0;       ///< mean over the tokens of KL(reference || other), in nats
  double max_abs = 0.0;  ///< largest difference of a log-probability's logit
  int64_t tokens = 0;
};

/// Compares two sets of logits [tokens, vocab]. A value that isn't finite makes both distances infinite.
LogitDistance logit_distance(std::span<const float> reference, std::span<const float> other, int64_t vocab);

/// The largest mean KL divergence that rounding weights to `dtype` may cause. A rounded weight errs by at most 2^-9
/// (bf16), 2^-12 (f16) or 2^-25 (f32) of itself; the errors of a layer's terms are independent, so logits of size 10 to
/// 30 move by some hundredths with bf16, and KL grows with the square of that. Measured on SmolLM2-135M and on tiny
/// random models: 1.5e-4, 3e-6 and 1e-11; a lost adapter that learned something is a KL of 0.01 to 1.
double allowed_merge_kl(DType dtype);

}  // namespace temper
