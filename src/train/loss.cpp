#include "train/loss.h"

#include <cmath>
#include <numeric>

#include "device/transfer.h"
#include "ops/gather_rows.h"
#include "ops/linear_cross_entropy.h"
#include "train/batches.h"

namespace temper::train {

LossBatch make_loss_batch(Context& ctx, const Dataset& dataset, std::span<const int32_t> rows) {
  std::vector<std::vector<int32_t>> inputs;
  std::vector<int32_t> positions, targets;
  int32_t begin = 0;
  for (const int32_t index : rows) {
    const Row& row = dataset.rows[static_cast<size_t>(index)];
    inputs.emplace_back(row.ids.begin(), row.ids.end() - 1);
    for (size_t i = 1; i < row.ids.size(); ++i) {
      if (!row.trained[i]) continue;
      positions.push_back(begin + static_cast<int32_t>(i) - 1);
      targets.push_back(row.ids[i]);
    }
    begin += static_cast<int32_t>(row.inputs());
  }
  LossBatch batch;
  batch.tokens = make_token_batch(ctx, inputs);
  batch.target_count = static_cast<int64_t>(targets.size());
  batch.target_positions = upload(ctx, positions, {batch.target_count});
  batch.targets = upload(ctx, targets, {batch.target_count});
  return batch;
}

Tensor loss_sum(Context& ctx, const LanguageModel& model, const LossBatch& batch, const ForwardOptions& options,
                float label_smoothing) {
  Tensor hidden = model.hidden(ctx, batch.tokens, options);
  if (batch.target_count != batch.tokens.tokens()) hidden = gather_rows(ctx, hidden, batch.target_positions);
  return linear_cross_entropy(ctx, hidden, model.head(), batch.targets, {.label_smoothing = label_smoothing});
}

std::optional<EvalResult> evaluate(Context& ctx, const LanguageModel& model, const BoundAdapter* adapter,
                                   const Dataset& dataset, int64_t batch_tokens, const std::atomic<bool>* stop) {
  EvalResult result;
  double total = 0;
  for (const auto& rows : plan_epoch(dataset, {.batch_tokens = batch_tokens, .shuffle = false}, 0)) {
    if (stop && stop->load()) return std::nullopt;
    const LossBatch batch = make_loss_batch(ctx, dataset, rows);
    const Tensor loss = loss_sum(ctx, model, batch, {.adapter = adapter}, 0.0f);
    total += double{read<float>(ctx, loss)[0]};
    result.targets += batch.target_count;
  }
  result.loss = total / static_cast<double>(result.targets);
  result.perplexity = std::exp(result.loss);
  return result;
}

}  // namespace temper::train
