#pragma once

#include <atomic>
#include <optional>
#include <span>
#include <vector>

#include "models/language_model.h"
#include "train/dataset.h"

namespace temper::train {

/// Some rows of a data set on the device: inputs end to end, and where the targets are.
struct LossBatch {
  TokenBatch tokens;
  Tensor target_positions;  ///< i32 [M]: which of the N input positions predict a target
  Tensor targets;           ///< i32 [M]
  int64_t target_count = 0;
};

LossBatch make_loss_batch(Context& ctx, const Dataset& dataset, std::span<const int32_t> rows);

/// Sum of the targets' cross entropies, f32 []; only positions with a target go through the head.
Tensor loss_sum(Context& ctx, const LanguageModel& model, const LossBatch& batch, const ForwardOptions& options,
                float label_smoothing);

/// Mean loss over all targets of a data set, without dropout.
struct EvalResult {
  double loss = 0;
  double perplexity = 0;
  int64_t targets = 0;
};
/// Nothing when `*stop` became true on the way.
std::optional<EvalResult> evaluate(Context& ctx, const LanguageModel& model, const BoundAdapter* adapter,
                                   const Dataset& dataset, int64_t batch_tokens,
                                   const std::atomic<bool>* stop = nullptr);

}  // namespace temper::train
