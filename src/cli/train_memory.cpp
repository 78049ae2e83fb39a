#include "cli/train_memory.h"

#include <algorithm>

#include "train/batches.h"

namespace temper::cli {

MemoryEstimate estimate_memory(const LanguageModel& model, const LoraAdapter& adapter, const train::Dataset& dataset,
                               const train::TrainConfig& config) {
  MemoryEstimate estimate;
  int64_t total = 0;
  const auto plan = train::plan_epoch(dataset, config.batches, 0);
  for (const auto& batch : plan) {
    int64_t tokens = 0;
    for (const int32_t row : batch) tokens += dataset.rows[static_cast<size_t>(row)].inputs();
    estimate.largest_batch_tokens = std::max(estimate.largest_batch_tokens, tokens);
    total += tokens;
  }
  estimate.mean_batch_tokens = total / std::max<int64_t>(1, static_cast<int64_t>(plan.size()));

  const io::ModelConfig& c = model.config();
  const auto tokens = static_cast<double>(estimate.largest_batch_tokens);
  const auto hidden = static_cast<double>(c.hidden_size), inner = static_cast<double>(c.intermediate_size);
  const auto layers = static_cast<double>(c.num_layers), heads = static_cast<double>(c.num_heads * c.head_dim);
  const auto kv = static_cast<double>(c.num_kv_heads * c.head_dim);
  const auto element = static_cast<double>(size_of(model.compute_dtype()));
  // What a block keeps for backward: inputs and outputs of both norms, q (rotated), k, v, attention's output; gate, up
  // and their product.
  const double per_block = element * tokens * (4 * hidden + 2 * heads + 2 * kv + 3 * inner);
  estimate.weights = static_cast<double>(model.weight_bytes());
  estimate.activations = config.grad_checkpoint ? layers * element * tokens * hidden + per_block : layers * per_block;
  estimate.optimizer = 4.0 * 4.0 * static_cast<double>(adapter.parameter_count());
  // The cross entropy's chunk of logits, and a few activations of the block at work.
  estimate.workspace = 128.0 * 4.0 * static_cast<double>(c.vocab_size) + 4.0 * tokens * (2 * hidden + 2 * inner);
  return estimate;
}

}  // namespace temper::cli
